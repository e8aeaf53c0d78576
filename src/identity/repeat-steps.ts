import { serviceError } from "../errors/service-error.ts";
import { ConcurrentChangeError } from "./concurrent-change.ts";

/**
 * How often steps are run. Each time another request must have come between; where the person's row is locked from
 * the second time on, only requests of other nodes can.
 */
const MOST = 8;

/** Which of the repetitions it is. */
export interface Repetition {
  readonly isFirst: boolean;
  /** There is none after it. */
  readonly isLast: boolean;
}

/**
 * Takes steps again while another request came between. Every repetition of the server is one of these; what is read
 * again, and whether under a lock, is for the steps to say.
 *
 * @param steps give undefined, or throw ConcurrentChangeError, where another request came between: nothing is written
 *   then
 * @throws OVERLOADED after eight times
 */
export const repeatSteps = async <T>(steps: (repetition: Repetition) => Promise<T | undefined>): Promise<T> => {
  for (let round = 1; round <= MOST; round++) {
    try {
      const ended = await steps({ isFirst: round === 1, isLast: round === MOST });
      if (ended !== undefined) return ended;
    } catch (thrown) {
      if (!(thrown instanceof ConcurrentChangeError)) throw thrown;
    }
  }
  throw serviceError("OVERLOADED", {
    explain: "What this request changes is being changed by other requests all the time.",
    headers: { "retry-after": "1" },
  });
};
