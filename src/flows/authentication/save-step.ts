import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import { repeatSteps } from "../../identity/repeat-steps.ts";
import { COMPLETED, isCompleted } from "../../methods/contract/flow.ts";
import type { StepEffect } from "../../methods/contract/result.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { FlowKind, FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";

/** What a step makes of the form. */
export interface FormStep {
  /** Whose step it is; empty where no method was picked. */
  readonly method: string;
  /**
   * Makes the flow after the step. It may be asked again with the flow as another request has left it.
   *
   * @param stored what the effect gave for the method to store
   */
  readonly change: (flow: FlowRecord, stored: JsonObject | undefined) => FlowRecord;
  readonly effect?: StepEffect | undefined;
}

/**
 * Writes the form of a login or registration flow that goes on, with what the
 * step causes. What another request has written since the flow was read stays:
 * the step is applied on top of it, for what it says is true of the flow in any
 * state (a form that rests on the state is written by saveFormAsRead of
 * flows/challenge). Returns the flow as it is then: one that was completed
 * meanwhile stays so, and nothing is written.
 *
 * @throws FLOW_NOT_FOUND, OVERLOADED
 */
export type SaveStep = (read: FlowRecord, step: FormStep) => Promise<FlowRecord>;

/** Creates the function; see `SaveStep`. */
export const createSaveStep = ({
  storage: { clock, db, flows },
  forms: { sealedContext },
}: Pick<FlowDeps, "storage" | "forms">): SaveStep => {
  const write = async (sql: Sql, read: FlowRecord, { change, method, effect }: FormStep): Promise<FlowRecord> => {
    const stored = await effect?.inTransaction(sql, sealedContext.open(read, method));
    const saved = change(read, stored);
    if (!(await flows.saveAsRead(sql, read, saved, clock.now())))
      throw new ConcurrentChangeError("the flow has changed");
    return saved;
  };

  /** @throws ConcurrentChangeError */
  const save = async (read: FlowRecord, step: FormStep): Promise<FlowRecord> => {
    if (step.effect === undefined) return write(db, read, step);
    const saved = await db.transaction((tx) => write(tx, read, step));
    step.effect.afterCommit();
    return saved;
  };

  /** @throws FLOW_NOT_FOUND */
  const readAgain = async ({ kind, id }: FlowRecord): Promise<FlowRecord> => {
    const current = mustExist(await flows.find(db, kind as Exclude<FlowKind, "settings">, id));
    mustExist(current.expiresAt > clock.now() || isCompleted(current) || undefined);
    return current;
  };

  return (read, step) =>
    repeatSteps(async ({ isFirst }) => {
      const flow = isFirst ? read : await readAgain(read);
      if (isCompleted(flow)) return { ...step.change(flow, undefined), state: COMPLETED };
      return save(flow, step);
    });
};
