import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
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
 * the step is applied on top of it. Gives the flow as it is then: one that was
 * completed meanwhile stays so, and nothing is written.
 *
 * @throws FLOW_NOT_FOUND, OVERLOADED
 */
export type SaveForm = (read: FlowRecord, step: FormStep) => Promise<FlowRecord>;

/** How often it is tried. Each time another request must have come between. */
const TRIES = 8;

/** Creates it. */
export const createSaveForm = ({
  storage: { clock, db, flows },
  forms: { sealedContext },
}: Pick<FlowDeps, "storage" | "forms">): SaveForm => {
  const write = async (sql: Sql, read: FlowRecord, { change, method, effect }: FormStep): Promise<FlowRecord> => {
    const stored = await effect?.inTransaction(sql, sealedContext.open(read, method));
    const saved = change(read, stored);
    if (!(await flows.saveAsRead(sql, read, saved, clock.now())))
      throw new ConcurrentChangeError("the flow has changed");
    return saved;
  };

  /** Undefined: the flow is not as it was read. */
  const save = async (read: FlowRecord, step: FormStep): Promise<FlowRecord | undefined> => {
    try {
      if (step.effect === undefined) return await write(db, read, step);
      const saved = await db.transaction((tx) => write(tx, read, step));
      step.effect.afterCommit();
      return saved;
    } catch (thrown) {
      if (thrown instanceof ConcurrentChangeError) return undefined;
      throw thrown;
    }
  };

  return async (read, step) => {
    let flow = read;
    for (let tries = 1; tries <= TRIES; tries++) {
      if (flow.state === completed) return { ...step.change(flow, undefined), state: completed };
      const saved = await save(flow, step);
      if (saved) return saved;
      const current = mustExist(await flows.find(db, flow.kind as Exclude<FlowKind, "settings">, flow.id));
      mustExist(current.expiresAt > clock.now() || current.state === completed || undefined);
      flow = current;
    }
    throw serviceError("OVERLOADED", {
      explain: "The flow is being changed by other requests all the time.",
      headers: { "retry-after": "1" },
    });
  };
};

const completed = "passed_challenge";
