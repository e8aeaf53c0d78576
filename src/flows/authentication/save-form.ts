import type { Database } from "../../db/sql.ts";
import type { StepEffect } from "../../methods/contract/result.ts";
import type { FlowKind, FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";
import type { FlowStore } from "../shared/store.ts";

/**
 * Writes the form of a login or registration flow that goes on, with what the
 * step causes. Gives the flow as it is then: one that was completed meanwhile
 * stays so, and nothing is written.
 *
 * @throws FLOW_NOT_FOUND
 */
export type SaveForm = (flow: FlowRecord, effect?: StepEffect) => Promise<FlowRecord>;

/** Creates it. */
export const createSaveForm = ({
  db,
  flows,
}: {
  readonly db: Database;
  readonly flows: Pick<FlowStore, "find" | "save">;
}): SaveForm => {
  const save = async (flow: FlowRecord, effect: StepEffect | undefined): Promise<boolean> => {
    if (effect === undefined) return flows.save(db, flow, flow.updatedAt);
    const saved = await db.transaction(async (tx) => {
      if (!(await flows.save(tx, flow, flow.updatedAt))) return false;
      await effect.inTransaction(tx);
      return true;
    });
    if (saved) effect.afterCommit();
    return saved;
  };

  return async (flow, effect) => {
    if (flow.state === completed || (await save(flow, effect))) return flow;
    const { state } = mustExist(await flows.find(db, flow.kind as Exclude<FlowKind, "settings">, flow.id));
    mustExist(state === completed || undefined);
    return { ...flow, state };
  };
};

const completed = "passed_challenge";
