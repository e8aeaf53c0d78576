import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../../db/read-json.ts";
import type { Sql } from "../../db/sql.ts";
import type { FlowForm } from "../../flows/shared/flow.ts";
import { uuidBytes, uuidText } from "../../lib/ids.ts";
import { type SessionRow, sessionColumns, sessionFromRow } from "../../session/store.ts";

/* What else than the identity is stored about somebody: each table by the key of the person. */

/** Their sessions, the newest first. */
export const readSessions = async (tx: Sql, id: string) =>
  (
    await tx.query<SessionRow>(
      `SELECT ${sessionColumns} FROM sessions s WHERE s.identity_id = ? ORDER BY s.issued_at DESC, s.id DESC`,
      [uuidBytes(id)],
    )
  ).map(sessionFromRow);

/** Something that happened, as it is stored. */
export interface EventRow {
  readonly session_id: Buffer | null;
  readonly type: string;
  readonly outcome: string;
  readonly remote_address: string;
  readonly detail: unknown;
  readonly created_at: Date;
}

/** What happened to their account, the oldest first. What only stands for purged events is none. */
export const readEvents = (tx: Sql, id: string) =>
  tx.query<EventRow>(
    `SELECT session_id, type, outcome, remote_address, detail, created_at FROM security_events
      WHERE identity_id = ? AND created_at IS NOT NULL ORDER BY created_at, id`,
    [uuidBytes(id)],
  );

/** A message, as it is stored. */
export interface MessageRow {
  readonly template: string;
  readonly channel: string;
  readonly recipient: string;
  readonly status: string;
  readonly created_at: Date;
}

/** Messages about their account, the oldest first. */
export const readMessages = (tx: Sql, id: string) =>
  tx.query<MessageRow>(
    "SELECT template, channel, recipient, status, created_at FROM courier_messages WHERE identity_id = ? ORDER BY id",
    [uuidBytes(id)],
  );

/** A flow, as it is exported. */
export interface StoredFlow {
  readonly kind: string;
  readonly state: string;
  readonly requestUrl: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly values: JsonObject;
}

/** Their flows: those that were theirs from the start, and those that turned out to be about them. */
export const readFlows = async (tx: Sql, id: string): Promise<readonly StoredFlow[]> => {
  const columns = "kind, state, request_url, issued_at, expires_at, form";
  const both = ["home_id", "subject_id"].map((key) =>
    tx.query<{
      readonly kind: string;
      readonly state: string;
      readonly request_url: string;
      readonly issued_at: Date;
      readonly expires_at: Date;
      readonly form: unknown;
    }>(`SELECT ${columns} FROM flows WHERE ${key} = ?`, [uuidBytes(id)]),
  );
  const rows = (await Promise.all(both)).flat();
  return rows
    .sort((a, b) => a.issued_at.getTime() - b.issued_at.getTime())
    .map((row) => ({
      kind: row.kind,
      state: row.state,
      requestUrl: row.request_url,
      issuedAt: row.issued_at,
      expiresAt: row.expires_at,
      values: readJson<FlowForm>(row.form).submittedValues ?? {},
    }));
};

/** What waits for them: method, and until when. */
export const readWaiting = (tx: Sql, id: string) =>
  tx.query<{ readonly method: string; readonly expires_at: Date }>(
    "SELECT method, expires_at FROM continuations WHERE home_id = ? ORDER BY expires_at",
    [uuidBytes(id)],
  );

/** The id of a session, where there is one. */
export const sessionIdOf = ({ session_id }: EventRow): string => (session_id === null ? "" : uuidText(session_id));
