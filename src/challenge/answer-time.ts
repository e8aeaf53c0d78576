import type { Call } from "../lib/call.ts";
import type { FailureFloor, TimedTry } from "../limits/failure-floor.ts";

/** Makes answers take as long whether anybody has an address or not. */
export interface AnswerTime {
  /**
   * Does what a call asks for. What ends in a form, or fails otherwise, ends no sooner than what sends a message;
   * what succeeds ends at once.
   */
  hold<T>(call: Call, work: () => Promise<T>): Promise<T>;
  /** A message was queued for a call; how long that took is learned. */
  queued(call: Call): void;
}

/** Creates it on the floor under everything that may send a message. */
export const createAnswerTime = (floor: Pick<FailureFloor, "hold">): AnswerTime => {
  const tries = new WeakMap<object, TimedTry>();
  return {
    hold: (call, work) =>
      floor.hold(call.signal, async (timed) => {
        timed.began(0);
        tries.set(call, timed);
        return { failed: false, value: await work() };
      }),
    queued: (call) => tries.get(call)?.verified("message"),
  };
};
