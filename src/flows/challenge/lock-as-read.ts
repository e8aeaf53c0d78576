import type { Sql } from "../../db/sql.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import { COMPLETED } from "../../methods/contract/flow.ts";
import type { FlowForm, FlowRecord } from "../shared/flow.ts";
import { withForm } from "../shared/form.ts";
import { withoutSealed } from "../shared/sealed-context.ts";
import type { FlowStore } from "../shared/store.ts";

/**
 * Locks a flow as it was read until the transaction ends: no other submit came between.
 *
 * @throws ConcurrentChangeError where one did, or the flow is gone or over
 */
export const lockAsRead = async (
  flows: Pick<FlowStore, "findOpenForUpdate">,
  tx: Sql,
  read: FlowRecord,
  now: Date,
): Promise<void> => {
  const current = await flows.findOpenForUpdate(tx, read, now);
  if (current === undefined || !isSame(read, current)) throw new ConcurrentChangeError("the flow has changed");
};

/**
 * Completes a flow as it was read, in the transaction of its effect, so that what was sent is good once. Returns it
 * with this form, and without the secret.
 *
 * @throws ConcurrentChangeError where another submit came between, or the flow is gone or over
 */
export const completeAsRead = async (
  flows: Pick<FlowStore, "findOpenForUpdate" | "save">,
  tx: Sql,
  read: FlowRecord,
  form: FlowForm,
  now: Date,
): Promise<FlowRecord> => {
  await lockAsRead(flows, tx, read, now);
  const passed = { ...withForm(read, form, now, COMPLETED), context: withoutSealed(read.context) };
  if (!(await flows.save(tx, passed, now))) throw new ConcurrentChangeError("the flow is over");
  return passed;
};

const isSame = (read: FlowRecord, now: FlowRecord): boolean =>
  read.state === now.state &&
  read.updatedAt.getTime() === now.updatedAt.getTime() &&
  JSON.stringify(read.context) === JSON.stringify(now.context);
