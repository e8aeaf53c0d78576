import type { FlowRecord } from "../shared/flow.ts";

/** Whether a flow, read again, is what it was: no other submit came between. */
export const isSameFlow = (read: FlowRecord, now: FlowRecord): boolean =>
  read.state === now.state &&
  read.updatedAt.getTime() === now.updatedAt.getTime() &&
  JSON.stringify(read.context) === JSON.stringify(now.context);
