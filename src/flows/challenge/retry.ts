import { serviceError } from "../../errors/service-error.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { Done } from "../pipeline.ts";

/** How often it is tried. Each time another request must have come between. */
const TRIES = 8;

/**
 * Takes the steps of a submit again while another request came between: a step says so by its end, or by throwing
 * ConcurrentChangeError. @throws OVERLOADED
 */
export const retryWhileChanged = async <T>(attempt: () => Promise<Done<T> | ConcurrentChange>): Promise<T> => {
  for (let tries = 1; tries <= TRIES; tries++) {
    const ended = await attempt().catch(changedOrThrow);
    if (ended.kind === "done") return ended.render();
  }
  throw serviceError("OVERLOADED", {
    explain: "The account is being changed by other requests all the time.",
    headers: { "retry-after": "1" },
  });
};

/** @throws what is no ConcurrentChangeError */
const changedOrThrow = (thrown: unknown): ConcurrentChange => {
  if (thrown instanceof ConcurrentChangeError) return concurrentChange;
  throw thrown;
};
