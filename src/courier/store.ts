import { readJson } from "../db/read-json.ts";
import type { Sql } from "../db/sql.ts";
import { countClaim, type JobNode } from "../jobs/rows.ts";
import type { Aead } from "../lib/aead.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { paddedList } from "../lib/in-groups.ts";
import type { DispatchRecord, MessageContent, MessageRecord, MessageStatus } from "./message.ts";

/** A row of `courier_messages`. */
interface MessageRow {
  readonly id: Buffer;
  readonly status: string;
  readonly channel: string;
  readonly template: string;
  readonly recipient: string;
  readonly data: Buffer | null;
  readonly send_count: number;
  readonly lost: number;
  readonly dispatches: unknown;
  readonly expires_at: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A message that is written for the first time. */
export interface InsertedMessage
  extends Pick<MessageRecord, "id" | "channel" | "template" | "recipient" | "expiresAt" | "createdAt"> {
  readonly content: MessageContent;
  /** Whose account it is about. */
  readonly identityId: string | undefined;
}

/** A node that delivers, and for how many milliseconds it claims a message. */
export interface Claim extends JobNode {
  readonly at: Date;
}

/** How a message stands after an attempt to deliver it that failed. */
export interface MessageOutcome {
  /** Given up, or not yet: then it is its node's until that gives it back. */
  readonly status: Extract<MessageStatus, "processing" | "abandoned">;
  readonly dispatches: readonly DispatchRecord[];
  /** Whether what the message says is erased. */
  readonly erase: boolean;
  readonly at: Date;
}

/** A message that was sent, with all attempts at it. */
export interface SentMessage {
  readonly id: string;
  readonly dispatches: readonly DispatchRecord[];
}

/** Which messages are read. */
export interface MessageQuery {
  readonly status: MessageStatus | undefined;
  readonly recipient: string | undefined;
  /** Only those that were queued before this one. */
  readonly before: string | undefined;
  readonly limit: number;
}

/**
 * The rows of messages. What a message says is encrypted while it is there. One that waits is due at `run_at`; a node
 * that delivers it owns it, and moves that to the end of its lease. Neither is there once it was sent or given up.
 */
export interface MessageStore {
  /** Writes a message that is due at once. */
  insert(tx: Sql, message: InsertedMessage): Promise<void>;
  /** Ids of messages that are due, the longest due first. */
  due(sql: Sql, limit: number): Promise<readonly string[]>;
  /** How many wait. */
  countWaiting(sql: Sql): Promise<number>;
  /**
   * Claims those that are still due, counts an attempt of each that no lost node had, and reads what to deliver, in the
   * order of the ids; undefined for what another node claimed, or was sent or given up before.
   */
  begin(sql: Sql, ids: readonly string[], claim: Claim): Promise<readonly (MessageRecord | undefined)[]>;
  /** Prolongs a claim; false when it was lost. */
  renew(sql: Sql, id: string, node: JobNode): Promise<boolean>;
  /** Ends a claim: the message is due again in `delay` milliseconds, with so many attempts behind it. */
  release(
    sql: Sql,
    id: string,
    how: { readonly owner: Buffer; readonly delay: number; readonly sendCount: number; readonly at: Date },
  ): Promise<void>;
  /** Ends a claim, and with it the message: it is not sent, and what it says is erased. */
  abandon(sql: Sql, id: string, how: { readonly owner: Buffer; readonly at: Date }): Promise<void>;
  /** Enqueues a message that waits without a time of its own, as those of earlier versions: it is due at once. */
  enqueue(sql: Sql, id: string): Promise<void>;
  /** Writes down how an attempt failed. */
  settle(sql: Sql, id: string, outcome: MessageOutcome): Promise<void>;
  /** Writes down that messages were sent, and erases what they say if so wanted, by one statement. */
  settleSent(sql: Sql, sent: readonly SentMessage[], how: Pick<MessageOutcome, "erase" | "at">): Promise<void>;
  /** The newest first. */
  list(sql: Sql, query: MessageQuery): Promise<readonly MessageRecord[]>;
  find(sql: Sql, id: string): Promise<MessageRecord | undefined>;
}

const MICROSECONDS = 1000;
const soon = "UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND";
const columns =
  "id, status, channel, template, recipient, data, send_count, lost, dispatches, expires_at, created_at, updated_at";

/** Creates the store. */
export const createMessageStore = (aead: Aead): MessageStore => {
  const read = (row: MessageRow): MessageRecord => {
    const id = uuidText(row.id);
    const plain = row.data === null ? undefined : aead.decrypt(row.data, associated(id));
    return {
      id,
      status: row.status as MessageStatus,
      channel: row.channel as MessageRecord["channel"],
      template: row.template as MessageRecord["template"],
      recipient: row.recipient,
      content: plain && (JSON.parse(plain.toString("utf8")) as MessageContent),
      sendCount: row.send_count,
      lost: row.lost,
      dispatches: readJson<readonly DispatchRecord[]>(row.dispatches),
      expiresAt: row.expires_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  };

  return {
    async insert(tx, { id, channel, template, recipient, content, identityId, expiresAt, createdAt }) {
      await tx.execute(
        `INSERT INTO courier_messages (${columns}, identity_id, run_at)
         VALUES (?, 'queued', ?, ?, ?, ?, 0, 0, '[]', ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
        [
          uuidBytes(id),
          channel,
          template,
          recipient,
          aead.encrypt(Buffer.from(JSON.stringify(content)), associated(id)),
          expiresAt,
          createdAt,
          createdAt,
          identityId === undefined ? null : uuidBytes(identityId),
        ],
        "own-id",
      );
    },

    async due(sql, limit) {
      // Without the hint MySQL may read the index from its beginning, where all messages stand that were sent.
      const rows = await sql.query<Pick<MessageRow, "id">>(
        `SELECT id FROM courier_messages FORCE INDEX (courier_messages_due)
          WHERE run_at <= UTC_TIMESTAMP(3) ORDER BY run_at LIMIT ${Math.trunc(limit)}`,
      );
      return rows.map(({ id }) => uuidText(id));
    },

    async countWaiting(sql) {
      const [row] = await sql.query<{ n: number | string }>(
        "SELECT COUNT(*) AS n FROM courier_messages WHERE run_at IS NOT NULL",
      );
      return Number(row?.n ?? 0);
    },

    async begin(sql, ids, { owner, lease, at }) {
      const keys = paddedList(ids.map(uuidBytes));
      const places = keys.map(() => "?").join(", ");
      const { affectedRows } = await sql.execute(
        `UPDATE courier_messages
            SET status = 'processing', ${countClaim("send_count")}, owner = ?, run_at = ${soon}, updated_at = ?
          WHERE id IN (${places}) AND run_at <= UTC_TIMESTAMP(3)`,
        [owner, lease * MICROSECONDS, at, ...keys],
      );
      if (affectedRows === 0) return ids.map(() => undefined);
      const rows = await sql.query<MessageRow>(
        `SELECT ${columns} FROM courier_messages WHERE id IN (${places}) AND owner = ?`,
        [...keys, owner],
      );
      const found = new Map(rows.map((row) => [uuidText(row.id), row]));
      return ids.map((id) => {
        const row = found.get(id);
        return row && read(row);
      });
    },

    async renew(sql, id, { owner, lease }) {
      const { affectedRows } = await sql.execute(
        `UPDATE courier_messages SET run_at = ${soon} WHERE id = ? AND owner = ?`,
        [lease * MICROSECONDS, uuidBytes(id), owner],
      );
      return affectedRows === 1;
    },

    async release(sql, id, { owner, delay, sendCount, at }) {
      await sql.execute(
        `UPDATE courier_messages SET status = 'queued', send_count = ?, lost = 0, owner = NULL, run_at = ${soon},
            updated_at = ?
          WHERE id = ? AND owner = ?`,
        [sendCount, delay * MICROSECONDS, at, uuidBytes(id), owner],
      );
    },

    async abandon(sql, id, { owner, at }) {
      await sql.execute(
        `UPDATE courier_messages SET status = 'abandoned', owner = NULL, run_at = NULL, data = NULL, updated_at = ?
          WHERE id = ? AND owner = ?`,
        [at, uuidBytes(id), owner],
      );
    },

    async enqueue(sql, id) {
      await sql.execute(
        `UPDATE courier_messages SET run_at = UTC_TIMESTAMP(3)
          WHERE id = ? AND status IN ('queued', 'processing') AND run_at IS NULL`,
        [uuidBytes(id)],
        "same",
      );
    },

    async settle(sql, id, { status, dispatches, erase, at }) {
      const isOver = status === "abandoned";
      // Another node may have sent it meanwhile, if this one was away for longer than its lease.
      await sql.execute(
        `UPDATE courier_messages SET status = ?, dispatches = ?, updated_at = ?${erase ? ", data = NULL" : ""}${
          isOver ? ", owner = NULL, run_at = NULL" : ""
        }
          WHERE id = ? AND status = 'processing'`,
        [status, JSON.stringify(dispatches), at, uuidBytes(id)],
        "same",
      );
    },

    async settleSent(sql, sent, { erase, at }) {
      const all = paddedList(sent).map(({ id, dispatches }) => [uuidBytes(id), JSON.stringify(dispatches)] as const);
      await sql.execute(
        `UPDATE courier_messages SET status = 'sent', owner = NULL, run_at = NULL, updated_at = ?${
          erase ? ", data = NULL" : ""
        }, dispatches = CASE id ${all.map(() => "WHEN ? THEN ?").join(" ")} ELSE dispatches END
          WHERE id IN (${all.map(() => "?").join(", ")})`,
        [at, ...all.flat(), ...all.map(([id]) => id)],
        "same",
      );
    },

    async list(sql, { status, recipient, before, limit }) {
      const conditions = [
        ...(status === undefined ? [] : [["status = ?", status] as const]),
        ...(recipient === undefined ? [] : [["recipient = ?", recipient] as const]),
        ...(before === undefined ? [] : [["id < ?", uuidBytes(before)] as const]),
      ];
      const where = conditions.length === 0 ? "" : ` WHERE ${conditions.map(([condition]) => condition).join(" AND ")}`;
      const rows = await sql.query<MessageRow>(
        `SELECT ${columns} FROM courier_messages${where} ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
        conditions.map(([, value]) => value),
      );
      return rows.map(read);
    },

    async find(sql, id) {
      const [row] = await sql.query<MessageRow>(`SELECT ${columns} FROM courier_messages WHERE id = ?`, [
        uuidBytes(id),
      ]);
      return row && read(row);
    },
  };
};

/** What a message says opens in its own row only. */
const associated = (id: string): string => `courier|${id}`;
