import type { Clock } from "../lib/clock.ts";
import type { Unconfigured } from "./job.ts";

/**
 * Gives the result of a job that this node's configuration cannot do: it is given back for another node, until it has
 * been so for an hour on this one. Undefined from then on: no node is there for it.
 */
export type GiveBack = (id: string, reason: string) => Unconfigured | undefined;

/** What giving back depends on. */
export interface GiveBackDeps {
  readonly clock: Clock;
  readonly log: { warn(data: object, message: string): void };
}

/** Milliseconds for which a job waits for a node that can do it. */
const WAIT_MS = 3_600_000;
/** Milliseconds between two nodes that try: as long as it has waited, within these. */
const PAUSE = { least: 1_000, most: 60_000 } as const;
/** Jobs that are remembered; further ones wait until there is room, or longer. */
const MOST = 10_000;
/** A job that this node has not claimed for so many milliseconds was done by another. */
const GONE_MS = 10 * PAUSE.most;

/** Creates what gives jobs back. It is known to this process alone: a restart may bring another configuration. */
export const createGiveBack = ({ clock, log }: GiveBackDeps): GiveBack => {
  const waiting = new Map<string, { readonly since: number; readonly seen: number }>();
  return (id, reason) => {
    const now = clock.now().getTime();
    const since = waiting.get(id)?.since ?? now;
    // Those that were seen last stand last.
    const isKnown = waiting.delete(id);
    if (now - since >= WAIT_MS) return undefined;
    for (const [other, { seen }] of waiting) {
      if (now - seen < GONE_MS) break;
      waiting.delete(other);
    }
    if (isKnown || waiting.size < MOST) waiting.set(id, { since, seen: now });
    if (!isKnown) log.warn({ job: id, reason }, "a job is left for another node, whose configuration may be for it");
    return { kind: "unconfigured", reason, after: Math.min(PAUSE.most, Math.max(PAUSE.least, now - since)) };
  };
};
