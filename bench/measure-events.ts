import type { Options } from "./options.ts";
import { runScript } from "./run-script.ts";

/** What events cost whoever causes them, and how fast they are delivered. */
export interface EventsResult {
  /** Changes of a name a second, without an event and with one that a receiver gets. */
  readonly settings: {
    /** Nobody delivers: the change alone. */
    readonly queued: SettingsWithEvent;
    /** The events are delivered by another process, of lower priority: `delivererCpu` milliseconds for each. */
    readonly byOtherProcess: SettingsWithEvent & { readonly delivererCpu: number };
    /** The server that writes the events delivers them as well. */
    readonly beside: SettingsWithEvent;
  };
  readonly delivery: {
    readonly events: number;
    readonly nodes: number;
    readonly perSecond: number;
    readonly lost: number;
    readonly twice: number;
    readonly outOfOrder: number;
  };
}

/** A figure of changes of a name without an event, and of those with one that a receiver gets. */
interface Both {
  readonly without: number;
  readonly withEvent: number;
}

/** What `settings-with-event.ts` says: per change, and with all that its event costs until it is delivered. */
export interface SettingsWithEvent {
  readonly perSecond: Both;
  /** Changes with an event, of those without: the median over the rounds. */
  readonly share: number;
  readonly statements: Both;
  readonly commits: Both;
  /** Milliseconds. */
  readonly serverCpu: Both;
  readonly databaseCpu: Both;
}

const NODES = 2;
const EVENTS_PER_SECOND = 200;

/** Measures both, each on a database of its own. */
export const measureEvents = async (
  { duration, rounds }: Pick<Options, "duration" | "rounds">,
  onPoint: (what: string) => void,
): Promise<EventsResult> => {
  const settings = await runScript<EventsResult["settings"]>("settings-with-event.ts", { seconds: duration, rounds });
  for (const [who, { perSecond }] of [
    ["nobody delivers", settings.queued],
    ["another process delivers", settings.byOtherProcess],
    ["the same process delivers", settings.beside],
  ] as const)
    onPoint(
      `${perSecond.without.toFixed(0)} changes of a name a second, ${perSecond.withEvent.toFixed(0)} with an ` +
        `event that ${who}`,
    );
  const events = Math.ceil(duration * EVENTS_PER_SECOND);
  const delivery = await runScript<EventsResult["delivery"]>("events.ts", { events, nodes: NODES });
  onPoint(`${delivery.perSecond.toFixed(0)} events a second by ${NODES} nodes`);
  return { settings, delivery };
};
