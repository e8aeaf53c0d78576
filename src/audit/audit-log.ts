import type { JsonObject } from "@bufbuild/protobuf";
import { columnSizes } from "../db/column-sizes.ts";
import { insertRows } from "../db/insert-rows.ts";
import type { RowInsert, Sql } from "../db/sql.ts";
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
  /** The first events of people who are made in this transaction, one of each: few statements for all. */
  recordFirst(tx: Sql, events: readonly SecurityEvent[], call: EventSource): Promise<void>;
  /** Whether there are receivers or a stream, beside the log. */
  readonly hasReceivers: boolean;
  /** Has receivers get what was recorded: after a commit that may have come late, which `record` says ends soon. */
  wake(): void;
}

/** What an event has of the request that caused it. */
export type EventSource = Pick<Call, "headers" | "remoteAddress" | "requestId">;

/** Who is to get events beside those who read the log. */
export interface EventReceivers {
  /** The names of those that want a type of event; empty: nobody. */
  wanting(type: string): readonly string[];
  /** Hears that an event for them was written, in a transaction that ends soon. */
  wake(): void;
}

/** What the log needs. */
export interface AuditLogDeps {
  readonly clock: Clock;
  /** Keys the digests of the chain. */
  readonly digestKey: string;
  /** Whether events get a place in the stream of all events. */
  readonly isStreamed: boolean;
  /** Their names are written with an event; deliveries are queued afterwards. Undefined: nobody. */
  readonly receivers: EventReceivers | undefined;
}

/** Creates the log. */
export const createAuditLog = ({ clock, digestKey, receivers, isStreamed }: AuditLogDeps): AuditLog => {
  const columns = [
    "id",
    "session_id",
    "type",
    "outcome",
    "remote_address",
    "user_agent",
    "request_id",
    "detail",
    "created_at",
    "relay",
    "receivers",
    "stream_position",
    "position",
    "digest",
  ];
  const streamPosition = isStreamed ? "NULL" : "0";
  // One statement finds the last event of the person and writes the one that follows it. The one row of `event_stream`
  // stands for there being none: a subquery in its place would cost as much as the rest.
  const insert: RowInsert = {
    table: "security_events",
    columns: ["identity_id", ...columns],
    select: {
      again: "security_events_chain",
      text: `SELECT UNHEX(?), UNHEX(?), UNHEX(?), ?, ?, ?, ?, ?, ?, CAST(? AS DATETIME(3)), ?, ?, ${streamPosition},
            COALESCE(p.position, 0) + 1, UNHEX(SHA2(CONCAT(COALESCE(HEX(p.digest), ''), ?), 256))
       FROM event_stream s LEFT JOIN security_events p ON p.identity_id = ? AND p.position =
            (SELECT MAX(e.position) FROM security_events e WHERE e.identity_id = ?)
      WHERE s.id = 1`,
    },
  };

  /** The values of `relay` and `receivers`: an event is queued for its receivers after it was committed. */
  const relayOf = ({ type }: RecordedEvent): readonly [1 | null, string | null] => {
    const names = receivers?.wanting(type) ?? [];
    return names.length === 0 ? [null, null] : [1, names.join(",")];
  };

  const write = async (sql: Sql, event: RecordedEvent): Promise<void> => {
    const relay = relayOf(event);
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
      ...relay,
      contentDigest(digestKey, event),
      uuidBytes(event.identityId),
      uuidBytes(event.identityId),
    ];
    await sql.insertRow(insert, values);
    if (relay[0] !== null) receivers?.wake();
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
    hasReceivers: isStreamed || receivers !== undefined,
    wake: () => receivers?.wake(),

    async recordFirst(tx, events, call) {
      if (events.length === 0) return;
      const made = events.map((happened) => {
        const event = recorded(happened, call);
        return { event, relay: relayOf(event) };
      });
      await insertRows(
        tx,
        "security_events",
        ["identity_id", ...columns],
        made.map(({ event, relay }) => [
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
          ...relay,
          isStreamed ? null : 0,
          1,
          linkDigest(undefined, contentDigest(digestKey, event)),
        ]),
      );
      if (made.some(({ relay: [isWaiting] }) => isWaiting !== null)) receivers?.wake();
    },

    record: (sql, happened, call) => write(sql, recorded(happened, call)),
  };
};

const hex = (id: string): string => id.replaceAll("-", "");
