import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../../db/read-json.ts";
import type { Sql } from "../../db/sql.ts";
import type { FlowForm } from "../../flows/shared/flow.ts";
import { uuidBytes, uuidText } from "../../lib/ids.ts";
import type { SessionRecord } from "../../session/session.ts";
import { type SessionRow, sessionColumns, sessionFromRow } from "../../session/store.ts";

/*
 * What else than the identity is stored about somebody: each table by the key of the person, page by page, so that it
 * does not matter how much there is.
 */

/** Rows that are read at once. */
const PAGE = 200;
/** The same where a row may have some kilobytes. */
const PAGE_OF_FLOWS = 50;

/** Reads page after page: `read` gets the last row of the page before. */
export async function* inPages<Row>(
  read: (after: Row | undefined, limit: number) => Promise<readonly Row[]>,
  limit = PAGE,
): AsyncGenerator<readonly Row[]> {
  let after: Row | undefined;
  for (;;) {
    const rows = await read(after, limit);
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    after = rows.at(-1);
  }
}

/** Their sessions, the newest first. */
export const readSessions = (tx: Sql, id: string): AsyncGenerator<readonly SessionRecord[]> =>
  inPages(async (after, limit) => {
    const rows = await tx.query<SessionRow>(
      `SELECT ${sessionColumns} FROM sessions s
        WHERE s.identity_id = ? ${after === undefined ? "" : "AND s.issued_at <= ? AND (s.issued_at < ? OR s.id < ?)"}
        ORDER BY s.issued_at DESC, s.id DESC LIMIT ${Number(limit)}`,
      [uuidBytes(id), ...(after === undefined ? [] : [after.issuedAt, after.issuedAt, uuidBytes(after.id)])],
    );
    return rows.map(sessionFromRow);
  });

/** Something that happened, as it is stored. */
export interface EventRow {
  readonly id: Buffer;
  readonly session_id: Buffer | null;
  readonly type: string;
  readonly outcome: string;
  readonly remote_address: string;
  readonly detail: unknown;
  readonly created_at: Date;
}

const nothing = Buffer.alloc(0);

/** What happened to their account, the oldest first. What only stands for purged events is none. */
export const readEvents = (tx: Sql, id: string): AsyncGenerator<readonly EventRow[]> =>
  inPages((after, limit) =>
    tx.query<EventRow>(
      `SELECT id, session_id, type, outcome, remote_address, detail, created_at FROM security_events
        WHERE identity_id = ? AND id > ? AND created_at IS NOT NULL ORDER BY id LIMIT ${Number(limit)}`,
      [uuidBytes(id), after?.id ?? nothing],
    ),
  );

/** A message, as it is stored. */
export interface MessageRow {
  readonly id: Buffer;
  readonly template: string;
  readonly channel: string;
  readonly recipient: string;
  readonly status: string;
  readonly created_at: Date;
}

/** Messages about their account, the oldest first. */
export const readMessages = (tx: Sql, id: string): AsyncGenerator<readonly MessageRow[]> =>
  inPages((after, limit) =>
    tx.query<MessageRow>(
      `SELECT id, template, channel, recipient, status, created_at FROM courier_messages
        WHERE identity_id = ? AND id > ? ORDER BY id LIMIT ${Number(limit)}`,
      [uuidBytes(id), after?.id ?? nothing],
    ),
  );

/** A flow, as an export has it. */
export interface StoredFlow {
  readonly id: Buffer;
  readonly kind: string;
  readonly state: string;
  readonly requestUrl: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly values: JsonObject;
}

interface FlowRow {
  readonly id: Buffer;
  readonly kind: string;
  readonly state: string;
  readonly request_url: string;
  readonly issued_at: Date;
  readonly expires_at: Date;
  readonly form: unknown;
}

const flowColumns = "id, kind, state, request_url, issued_at, expires_at, form";

/** Their flows: those that were theirs from the start, then those that turned out to be about them. */
export async function* readFlows(tx: Sql, id: string): AsyncGenerator<readonly StoredFlow[]> {
  for (const key of ["home_id", "subject_id"])
    yield* inPages<StoredFlow>(async (after, limit) => {
      const rows = await tx.query<FlowRow>(
        `SELECT ${flowColumns} FROM flows WHERE ${key} = ? AND id > ? ORDER BY id LIMIT ${Number(limit)}`,
        [uuidBytes(id), after?.id ?? nothing],
      );
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        state: row.state,
        requestUrl: row.request_url,
        issuedAt: row.issued_at,
        expiresAt: row.expires_at,
        values: readJson<FlowForm>(row.form).submittedValues ?? {},
      }));
    }, PAGE_OF_FLOWS);
}

/** Their continuations, method and expiry: few at a time, of flows that have not ended. */
export const readWaiting = (tx: Sql, id: string) =>
  tx.query<{ readonly method: string; readonly expires_at: Date }>(
    "SELECT method, expires_at FROM continuations WHERE home_id = ? ORDER BY expires_at",
    [uuidBytes(id)],
  );

/** The id of a session, where there is one. */
export const sessionIdOf = ({ session_id }: EventRow): string => (session_id === null ? "" : uuidText(session_id));
