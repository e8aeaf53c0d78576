import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { Call } from "../../lib/call.ts";
import type { Examined, Performed, SettingsChange } from "../../methods/contract/settings.ts";
import type { Caller } from "../../session/caller.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustBeFound } from "./checks.ts";
import type { SettingsDeps } from "./deps.ts";
import type { SettingsRead } from "./store.ts";

/** One submit, as it was found: who, which flow, and what waits for it. */
export interface SettingsSubmission {
  readonly caller: Caller;
  readonly flow: FlowRecord;
  readonly parked: SettingsRead["parked"];
  readonly call: Call;
  /** Where it was read: the database itself, or a transaction in which nobody else can change the person. */
  readonly sql: Sql;
  readonly slow: SlowWork;
  /** What the client sent for hooks. */
  readonly transientPayload: JsonObject | undefined;
}

/** A submit whose method has done its part. */
export interface PerformedSubmission extends SettingsSubmission {
  readonly method: { readonly name: string };
  readonly performed: Performed;
  /** Has what was submitted, in case an identifier belongs to someone else. Not there after a callback. */
  readonly examined?: Examined<unknown>;
}

/** What a submit is decided on, as it was read. */
export type LoadedSubmission = Pick<SettingsSubmission, "caller" | "flow" | "parked" | "call" | "sql">;

/**
 * Loads everything a submit is decided on, in one read.
 *
 * @throws SESSION_INACTIVE, INVALID_FIELD, FLOW_NOT_FOUND, IDENTITY_MISMATCH
 */
export const loadSubmission = async (
  { sessions: { callers }, settings: { reads } }: SettingsDeps,
  flowId: string,
  call: Call,
  sql: Sql,
): Promise<LoadedSubmission> => {
  const { credential, digest } = callers.mustHaveToken(call);
  const read = await reads.read(sql, digest, flowId);
  const caller = callers.mustBeLive(read, credential);
  return {
    caller,
    flow: await mustBeFound(reads, sql, read, flowId, "There is no settings flow with this id."),
    parked: read?.parked,
    call,
    sql,
  };
};

/** What the methods see of a submit. */
export const viewOf = (
  { forms: { schemas, sealedContext } }: SettingsDeps,
  { caller, flow, slow, sql }: SettingsSubmission,
  updateMask?: readonly string[],
): SettingsChange => ({
  session: caller.session,
  identity: caller.identity,
  schema: schemas.must(caller.identity.schemaId),
  flow,
  sealedContext: (method) => sealedContext.open(flow, method),
  submittedValues: null,
  sql,
  slow,
  updateMask,
});
