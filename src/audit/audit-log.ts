import type { JsonObject } from "@bufbuild/protobuf";
import { columnSizes } from "../db/column-sizes.ts";
import type { Sql } from "../db/sql.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7, uuidBytes } from "../lib/ids.ts";

/*
 * What happened to a person's account, refusals included: who, when, from
 * where, with what outcome. Written in the transaction of the change it tells
 * of, so that neither exists without the other. Never a secret.
 */

/** One event of a person's account. */
export interface SecurityEvent {
  readonly identityId: string;
  readonly sessionId: string | undefined;
  /** `password.changed`, `identifiers.changed`, … */
  readonly type: string;
  readonly outcome: "done" | "refused";
  readonly detail?: JsonObject | undefined;
}

/** Records what happened. */
export interface AuditLog {
  record(sql: Sql, event: SecurityEvent, call: Call): Promise<void>;
}

/** Creates the log. */
export const createAuditLog = ({ clock }: { readonly clock: Clock }): AuditLog => ({
  async record(sql, { identityId, sessionId, type, outcome, detail = {} }, call) {
    const now = clock.now();
    await sql.execute(
      `INSERT INTO security_events (id, identity_id, session_id, type, outcome, remote_address, request_id, detail, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        uuidBytes(uuid7(now)),
        uuidBytes(identityId),
        sessionId === undefined ? null : uuidBytes(sessionId),
        type,
        outcome,
        call.remoteAddress.slice(0, columnSizes["security_events.remote_address"]),
        call.requestId.slice(0, columnSizes["security_events.request_id"]),
        JSON.stringify(detail),
        now,
      ],
      "own-id",
    );
  },
});
