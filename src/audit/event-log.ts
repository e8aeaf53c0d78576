import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../db/read-json.ts";
import type { Sql, SqlValue } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import type { RecordedEvent } from "./audit-log.ts";

/** An event as it is stored. */
export interface StoredEvent extends RecordedEvent {
  /** Counts the events of the person from 1; 0 for one from before they were counted. */
  readonly position: number;
  /** Its place in the stream of all; 0 where it has none. */
  readonly streamPosition: number;
}

/** Which events are meant. */
export interface EventFilter {
  readonly identityId?: string | undefined;
  /** Names of types, or beginnings of names followed by `*`. Empty: all. */
  readonly types: readonly string[];
  readonly outcome?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

/** Where a page ended. */
export interface EventCursor {
  readonly createdAt: Date;
  readonly identityId: string;
  readonly id: string;
}

/** Reads events. */
export interface EventLog {
  /** The newest first. */
  list(sql: Sql, filter: EventFilter, before: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]>;
  /** The oldest first: those to be delivered again. */
  since(sql: Sql, filter: EventFilter, after: EventCursor | undefined, limit: number): Promise<readonly StoredEvent[]>;
  /** Those of the ids that are there. */
  find(sql: Sql, identityId: string, ids: readonly string[]): Promise<readonly StoredEvent[]>;
  /** Those that follow in the stream. */
  ofStream(sql: Sql, after: number, limit: number): Promise<readonly StoredEvent[]>;
}

/** A row of `security_events`, by the columns of `eventColumns`. */
export interface EventRow {
  readonly identity_id: Buffer;
  readonly id: Buffer;
  readonly session_id: Buffer | null;
  readonly type: string;
  readonly outcome: string;
  readonly remote_address: string;
  readonly user_agent: string;
  readonly request_id: string;
  readonly detail: unknown;
  readonly created_at: Date;
  readonly position: number | string | null;
  readonly stream_position: number | string | null;
}

/** What is read of an event; the table is `e`. */
export const eventColumns = `e.identity_id, e.id, e.session_id, e.type, e.outcome, e.remote_address,
  e.user_agent, e.request_id, e.detail, e.created_at, e.position, e.stream_position`;

/** Reads a row. */
export const eventFromRow = (row: EventRow): StoredEvent => ({
  identityId: uuidText(row.identity_id),
  id: uuidText(row.id),
  sessionId: row.session_id === null ? undefined : uuidText(row.session_id),
  type: row.type,
  outcome: row.outcome,
  remoteAddress: row.remote_address,
  userAgent: row.user_agent,
  requestId: row.request_id,
  detail: readJson<JsonObject>(row.detail),
  createdAt: row.created_at,
  position: Number(row.position ?? 0),
  streamPosition: Number(row.stream_position ?? 0),
});

/** Creates an `EventLog`. */
export const createEventLog = (): EventLog => {
  const ordered = async (
    sql: Sql,
    filter: EventFilter,
    cursor: EventCursor | undefined,
    { limit, newestFirst }: { readonly limit: number; readonly newestFirst: boolean },
  ): Promise<readonly StoredEvent[]> => {
    const { conditions, values } = conditionsOf(filter);
    const [order, than] = newestFirst ? ["DESC", "<"] : ["ASC", ">"];
    const byIdentity = filter.identityId !== undefined;
    if (cursor !== undefined && byIdentity) {
      conditions.push(`e.id ${than} ?`);
      values.push(uuidBytes(cursor.id));
    } else if (cursor !== undefined) {
      const [identity, id] = [uuidBytes(cursor.identityId), uuidBytes(cursor.id)];
      conditions.push(
        `(e.created_at ${than} ? OR (e.created_at = ? ` +
          `AND (e.identity_id ${than} ? OR (e.identity_id = ? AND e.id ${than} ?))))`,
      );
      values.push(cursor.createdAt, cursor.createdAt, identity, identity, id);
    }
    const by = byIdentity ? `e.id ${order}` : `e.created_at ${order}, e.identity_id ${order}, e.id ${order}`;
    const rows = await sql.query<EventRow>(
      `SELECT ${eventColumns} FROM security_events e WHERE ${conditions.join(" AND ")} ORDER BY ${by}
        LIMIT ${Math.trunc(limit)}`,
      values,
    );
    return rows.map(eventFromRow);
  };

  return {
    list: (sql, filter, before, limit) => ordered(sql, filter, before, { limit, newestFirst: true }),
    since: (sql, filter, after, limit) => ordered(sql, filter, after, { limit, newestFirst: false }),

    find: async (sql, identityId, ids) => {
      if (ids.length === 0) return [];
      const rows = await sql.query<EventRow>(
        `SELECT ${eventColumns} FROM security_events e
          WHERE e.identity_id = ? AND e.created_at IS NOT NULL AND e.id IN (${ids.map(() => "?").join(", ")})
          ORDER BY e.position`,
        [uuidBytes(identityId), ...ids.map(uuidBytes)],
      );
      return rows.map(eventFromRow);
    },

    ofStream: async (sql, after, limit) => {
      const rows = await sql.query<EventRow>(
        `SELECT ${eventColumns} FROM security_events e WHERE e.stream_position > ?
          ORDER BY e.stream_position LIMIT ${Math.trunc(limit)}`,
        [after],
      );
      return rows.map(eventFromRow);
    },
  };
};

const conditionsOf = ({ identityId, types, outcome, from, until }: EventFilter) => {
  const conditions: string[] = ["e.created_at IS NOT NULL"];
  const values: SqlValue[] = [];
  const add = (condition: string, ...bound: readonly SqlValue[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (identityId !== undefined) add("e.identity_id = ?", uuidBytes(identityId));
  if (outcome !== undefined) add("e.outcome = ?", outcome);
  if (from !== undefined) add("e.created_at >= ?", from);
  if (until !== undefined) add("e.created_at < ?", until);
  if (types.length > 0)
    add(
      `(${types.map((type) => (type.endsWith("*") ? "e.type LIKE ? ESCAPE '|'" : "e.type = ?")).join(" OR ")})`,
      ...types.map((type) => (type.endsWith("*") ? `${type.slice(0, -1).replace(/[|%_]/g, "|$&")}%` : type)),
    );
  return { conditions, values };
};
