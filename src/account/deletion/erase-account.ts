import type { AuditLog, EventSource } from "../../audit/audit-log.ts";
import type { Sql } from "../../db/sql.ts";
import { eraseIdentity } from "../../identity/erase.ts";

/**
 * Erases an account, in the transaction that it is given; returns whether there was one. One event outlives it, which
 * says that and when it was deleted, and nothing of its owner: no address, no device, no request of theirs. Of a merge
 * another one says which account goes on.
 */
export type EraseAccount = (tx: Sql, id: string, by: ErasedBy) => Promise<boolean>;

/** Who has it erased. Of an operator's call, which is none of the owner's, it is recorded where it came from. */
export interface ErasedBy {
  readonly call?: EventSource | undefined;
  readonly detail?: { readonly operator?: string };
  /** The account of the same person that takes its place: recorded before, so that whoever hears of both knows it. */
  readonly mergedInto?: string;
}

/** A call without data of a client. */
const nobodys: EventSource = { headers: {}, remoteAddress: "", requestId: "" };

/** Creates the function; see `EraseAccount`. */
export const createEraseAccount =
  ({ audit }: { readonly audit: AuditLog }): EraseAccount =>
  async (tx, id, { call, detail = {}, mergedInto }) => {
    if (!(await eraseIdentity(tx, id))) return false;
    const about = { identityId: id.toLowerCase(), sessionId: undefined, outcome: "done" } as const;
    if (mergedInto !== undefined)
      await audit.record(tx, { ...about, type: "account.merged_away", detail: { subject: mergedInto } }, nobodys);
    await audit.record(tx, { ...about, type: "identity.deleted", detail }, call ?? nobodys);
    return true;
  };
