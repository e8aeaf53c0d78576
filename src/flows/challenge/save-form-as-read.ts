import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import { isCompleted } from "../../methods/contract/flow.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";

/**
 * Writes the form of a flow, if the flow is still as it was read. What a form of a verification or recovery says rests
 * on the secret and the guesses that were read with it; so all steps are repeated where that has changed, unlike a
 * step of a login (flows/authentication/save-step.ts), which says the same of any state of the flow.
 * A flow that was completed is not written any more.
 *
 * @throws FLOW_NOT_FOUND; ConcurrentChangeError where another request has written it meanwhile
 */
export const saveFormAsRead = async (
  { storage: { clock, db, flows } }: Pick<FlowDeps, "storage">,
  read: FlowRecord,
  saved: FlowRecord,
): Promise<void> => {
  mustExist(!isCompleted(read) || undefined);
  if (!(await flows.saveAsRead(db, read, saved, clock.now())))
    throw new ConcurrentChangeError("the flow has changed, or is over");
};
