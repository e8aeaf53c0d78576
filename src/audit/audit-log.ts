import type { JsonObject } from "@bufbuild/protobuf";
import { columnSizes } from "../db/column-sizes.ts";
import type { Database, Sql } from "../db/sql.ts";
import { isDuplicate } from "../db/sql-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { cutText } from "../lib/cut-text.ts";
import { uuid7, uuidBytes } from "../lib/ids.ts";
import { type ChainedContent, contentDigest, linkDigest } from "./chain.ts";
import type { EventContent } from "./event-types.ts";

/*
 * What happened to a person's account, refusals included: who, when, from
 * where, with what outcome. Written in the transaction of the change it tells
 * of, so that neither exists without the other. Never a secret. This folder owns
 * the rows, the list of their types and their chain; who else hears of an event
 * belongs to events/.
 */

/** One event of a person's account. */
export interface SecurityEvent extends EventContent {
  readonly identityId: string;
  readonly sessionId: string | undefined;
  readonly outcome: "done" | "refused";
}

/** An event as it was written. */
export interface RecordedEvent extends ChainedContent {
  readonly detail: JsonObject;
  readonly createdAt: Date;
}

/** Records what happened. */
export interface AuditLog {
  /** On the database itself, or in the transaction of the change. */
  record(sql: Sql, event: SecurityEvent, call: EventSource): Promise<void>;
  /** The first events of people who are made in this transaction, one of each: a statement for all. */
  recordFirst(tx: Sql, events: readonly SecurityEvent[], call: EventSource): Promise<void>;
  /** Whether anybody hears of events beside those who read the log: receivers, or the stream. */
  readonly hasReceivers: boolean;
}

/** What an event tells of the request that caused it. */
export type EventSource = Pick<Call, "headers" | "remoteAddress" | "requestId">;

/** What the log needs. */
export interface AuditLogDeps {
  readonly clock: Clock;
  /** Keys the digests of the chain. */
  readonly digestKey: string;
  /** Whether events get a place in the stream of all events. */
  readonly isStreamed: boolean;
  /** Writes what else follows from an event, with it: deliveries to receivers. */
  readonly forward: ((tx: Sql, event: RecordedEvent) => Promise<void>) | undefined;
}

/** How often an event is written at most: each time another one of the person came between. */
const TRIES = 20;

/** Creates the log. */
export const createAuditLog = ({ clock, digestKey, forward, isStreamed }: AuditLogDeps): AuditLog => {
  // One statement finds the last event of the person and writes the one that follows it.
  const insert = `INSERT INTO security_events (identity_id, id, session_id, type, outcome, remote_address, user_agent,
            request_id, detail, created_at, stream_position, position, digest)
     SELECT UNHEX(?), UNHEX(?), UNHEX(?), ?, ?, ?, ?, ?, ?, CAST(? AS DATETIME(3)), ${isStreamed ? "NULL" : "0"},
            COALESCE(last.position, 0) + 1, UNHEX(SHA2(CONCAT(COALESCE(HEX(last.digest), ''), ?), 256))
       FROM (SELECT 1 AS one) AS one LEFT JOIN
            (SELECT e.position, e.digest FROM security_events e
              WHERE e.identity_id = ? AND e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1) AS last
            ON one.one = 1`;

  const write = async (sql: Sql, event: RecordedEvent): Promise<void> => {
    const values = [
      hex(event.identityId),
      hex(event.id),
      event.sessionId === undefined ? null : hex(event.sessionId),
      event.type,
      event.outcome,
      event.remoteAddress,
      event.userAgent,
      event.requestId,
      JSON.stringify(event.detail),
      event.createdAt,
      contentDigest(digestKey, event),
      uuidBytes(event.identityId),
    ];
    for (let tries = 1; ; tries++) {
      try {
        await sql.execute(insert, values, "own-id");
        return;
      } catch (error) {
        if (tries === TRIES || !isDuplicate(error, "security_events_chain")) throw error;
      }
    }
  };

  const recorded = (
    { identityId, sessionId, type, outcome, detail = {} }: SecurityEvent,
    call: EventSource,
  ): RecordedEvent => {
    const now = clock.now();
    return {
      identityId,
      id: uuid7(now),
      sessionId,
      type,
      outcome,
      remoteAddress: call.remoteAddress.slice(0, columnSizes["security_events.remote_address"]),
      userAgent: cutText(call.headers["user-agent"] ?? "", columnSizes["security_events.user_agent"]),
      requestId: call.requestId.slice(0, columnSizes["security_events.request_id"]),
      detail: detail as JsonObject,
      createdAt: now,
    };
  };

  return {
    hasReceivers: isStreamed || forward !== undefined,

    async recordFirst(tx, events, call) {
      if (events.length === 0) return;
      const made = events.map((event) => recorded(event, call));
      const row = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${isStreamed ? "NULL" : "0"}, 1, ?)`;
      await tx.execute(
        `INSERT INTO security_events (identity_id, id, session_id, type, outcome, remote_address, user_agent,
            request_id, detail, created_at, stream_position, position, digest) VALUES ${made.map(() => row).join(", ")}`,
        made.flatMap((event) => [
          uuidBytes(event.identityId),
          uuidBytes(event.id),
          event.sessionId === undefined ? null : uuidBytes(event.sessionId),
          event.type,
          event.outcome,
          event.remoteAddress,
          event.userAgent,
          event.requestId,
          JSON.stringify(event.detail),
          event.createdAt,
          linkDigest(undefined, contentDigest(digestKey, event)),
        ]),
      );
      if (forward !== undefined) for (const event of made) await forward(tx, event);
    },

    async record(sql, happened, call) {
      const event = recorded(happened, call);
      if (forward === undefined) return write(sql, event);
      await within(sql, async (tx) => {
        await write(tx, event);
        await forward(tx, event);
      });
    },
  };
};

/** Runs work in the transaction that there is, or in one of its own. */
const within = (sql: Sql | Database, work: (tx: Sql) => Promise<void>): Promise<void> =>
  "transaction" in sql ? sql.transaction(work) : work(sql);

const hex = (id: string): string => id.replaceAll("-", "");
