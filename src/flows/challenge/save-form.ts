import type { Database } from "../../db/sql.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import type { Clock } from "../../lib/clock.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";
import type { FlowStore } from "../shared/store.ts";

/**
 * Writes the form of a flow as it was read. A flow that was completed is not written any more.
 *
 * @throws FLOW_NOT_FOUND; ConcurrentChangeError where another request has written it meanwhile: the steps are taken
 *   again then
 */
export const saveForm = async (
  { clock, db, flows }: { readonly clock: Clock; readonly db: Database; readonly flows: Pick<FlowStore, "saveAsRead"> },
  read: FlowRecord,
  saved: FlowRecord,
): Promise<void> => {
  mustExist(read.state !== "passed_challenge" || undefined);
  if (!(await flows.saveAsRead(db, read, saved, clock.now())))
    throw new ConcurrentChangeError("the flow has changed, or is over");
};
