import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";

/**
 * Writes the form of a flow as it was read. A flow that was completed is not written any more.
 *
 * @throws FLOW_NOT_FOUND; ConcurrentChangeError where another request has written it meanwhile: the steps are repeated
 *   again then
 */
export const saveForm = async (
  { storage: { clock, db, flows } }: Pick<FlowDeps, "storage">,
  read: FlowRecord,
  saved: FlowRecord,
): Promise<void> => {
  mustExist(read.state !== "passed_challenge" || undefined);
  if (!(await flows.saveAsRead(db, read, saved, clock.now())))
    throw new ConcurrentChangeError("the flow has changed, or is over");
};
