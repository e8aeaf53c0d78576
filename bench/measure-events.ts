import type { Options } from "./options.ts";
import { runScript } from "./run-script.ts";

/** What events cost whoever causes them, and how fast they are delivered. */
export interface EventsResult {
  /** Changes of a name a second, without an event and with one that a receiver gets. */
  readonly settings: {
    readonly perSecond: { readonly without: number; readonly withEvent: number };
    /** Changes with an event, of those without: the median over the rounds. */
    readonly share: number;
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

const NODES = 2;
const EVENTS_PER_SECOND = 200;

/** Measures both, each on a database of its own. */
export const measureEvents = async (
  { duration, rounds }: Pick<Options, "duration" | "rounds">,
  onPoint: (what: string) => void,
): Promise<EventsResult> => {
  const settings = await runScript<EventsResult["settings"]>("settings-with-event.ts", { seconds: duration, rounds });
  const { perSecond } = settings;
  onPoint(
    `${perSecond.without.toFixed(0)} changes of a name a second, ${perSecond.withEvent.toFixed(0)} with an event`,
  );
  const events = Math.ceil(duration * EVENTS_PER_SECOND);
  const delivery = await runScript<EventsResult["delivery"]>("events.ts", { events, nodes: NODES });
  onPoint(`${delivery.perSecond.toFixed(0)} events a second by ${NODES} nodes`);
  return { settings, delivery };
};
