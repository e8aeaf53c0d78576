import { setTimeout as sleep } from "node:timers/promises";
import type { Made } from "./rate-limiter.ts";

/** One try at signing in, as it is timed. */
export interface TimedTry {
  /**
   * The turn of this try has come, and verifying begins.
   *
   * @param waited milliseconds in a queue that everybody waits in: they do not count
   */
  began(waited: number): void;
  /** Something of a kind was verified; how long it took is learned. */
  verified(kind: string): void;
}

/**
 * Holds failed sign-ins back until all of them have lasted as long as the slowest
 * kind of verification takes, so that time tells neither who has an account nor
 * how their password is stored.
 */
export interface FailureFloor {
  /**
   * Makes a try. What fails, or throws, ends no sooner than the floor after it
   * began; what succeeds ends at once.
   *
   * @param signal ends the wait when nobody waits for the answer any more
   */
  hold<T>(signal: AbortSignal, make: (timed: TimedTry) => Promise<Made<T>>): Promise<T>;
  /** Milliseconds; 0 while nothing was learned. */
  readonly milliseconds: number;
}

/** Waits for some milliseconds, or until the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** What a kind takes, as learned: near the top of what is seen. */
interface Learned {
  took: number;
  seen: number;
  lastAt: number;
}

/** Above what was learned: room for statements, and for what takes a little longer than usual. */
const MARGIN = 1.25;
/** How far what was learned moves towards something slower, and at least towards something quicker. */
const UP = 0.5;
const DOWN = 0.01;
/** A kind that nobody has any more stops holding others back: milliseconds. */
const FORGET_AFTER = 86_400_000;
const MOST_KINDS = 32;

/** Waits in real time. */
const waitFor: Wait = async (milliseconds, signal) => {
  // Nobody waits any more: the answer goes nowhere.
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
};

/**
 * Creates the floor.
 *
 * @param maxWait the most that anything is held back, in milliseconds
 */
export const createFailureFloor = ({
  maxWait,
  wait = waitFor,
  now = () => performance.now(),
}: {
  readonly maxWait: number;
  readonly wait?: Wait | undefined;
  /** Milliseconds since whenever. */
  readonly now?: () => number;
}): FailureFloor => {
  const kinds = new Map<string, Learned>();

  const learn = (kind: string, took: number): void => {
    const lastAt = now();
    const known = kinds.get(kind);
    if (known === undefined) {
      const [oldest] = kinds.keys();
      if (kinds.size >= MOST_KINDS && oldest !== undefined) kinds.delete(oldest);
      kinds.set(kind, { took, seen: 1, lastAt });
      return;
    }
    const seen = known.seen + 1;
    const by = took > known.took ? UP : Math.max(DOWN, 1 / seen);
    kinds.delete(kind);
    kinds.set(kind, { took: known.took + (took - known.took) * by, seen, lastAt });
  };

  const floor = (): number => {
    const at = now();
    const recent = [...kinds.values()].filter(({ lastAt }) => at - lastAt < FORGET_AFTER);
    return Math.min(maxWait, MARGIN * Math.max(0, ...recent.map(({ took }) => took)));
  };

  const hold: FailureFloor["hold"] = async (signal, make) => {
    const started = now();
    let [workBegan, excluded] = [started, 0];
    const elapsed = () => now() - started - excluded;
    let failed = true;
    try {
      const made = await make({
        began: (waited) => {
          workBegan = now();
          excluded = waited;
        },
        verified: (kind) => learn(kind, now() - workBegan),
      });
      failed = made.failed;
      return made.value;
    } finally {
      if (failed) await wait(Math.max(0, floor() - elapsed()), signal);
    }
  };

  return {
    hold,
    get milliseconds() {
      return floor();
    },
  };
};
