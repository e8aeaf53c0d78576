import type { ConcurrentChange } from "../../identity/concurrent-change.ts";
import { repeatSteps } from "../../identity/repeat-steps.ts";
import type { Done } from "../pipeline.ts";

/**
 * Takes the steps of a submit again while another request came between: a step says so by its end, or by throwing
 * ConcurrentChangeError. What follows the commit is done once. @throws OVERLOADED
 */
export const retryWhileChanged = async <T>(attempt: () => Promise<Done<T> | ConcurrentChange>): Promise<T> => {
  const done = await repeatSteps(async () => {
    const ended = await attempt();
    return ended.kind === "done" ? ended : undefined;
  });
  return done.render();
};
