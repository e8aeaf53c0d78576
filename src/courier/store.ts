import { readJson } from "../db/read-json.ts";
import type { Sql } from "../db/sql.ts";
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

/** How a message stands after an attempt to deliver it. */
export interface MessageOutcome {
  readonly status: MessageStatus;
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

/** The rows of messages. What a message says is encrypted while it is there. */
export interface MessageStore {
  insert(tx: Sql, message: InsertedMessage): Promise<void>;
  /**
   * Counts an attempt of each, and reads what to deliver, in the order of the ids; undefined for what was sent or given
   * up before.
   */
  begin(sql: Sql, ids: readonly string[], at: Date): Promise<readonly (MessageRecord | undefined)[]>;
  /** Takes back what `begin` did to a message that no attempt was made of. */
  giveBack(sql: Sql, id: string, at: Date): Promise<void>;
  /** Writes down how an attempt ended. */
  settle(sql: Sql, id: string, outcome: MessageOutcome): Promise<void>;
  /** Writes down that messages were sent, and erases what they say if so wanted, by one statement. */
  settleSent(sql: Sql, sent: readonly SentMessage[], how: Pick<MessageOutcome, "erase" | "at">): Promise<void>;
  /** The newest first. */
  list(sql: Sql, query: MessageQuery): Promise<readonly MessageRecord[]>;
  find(sql: Sql, id: string): Promise<MessageRecord | undefined>;
}

const columns =
  "id, status, channel, template, recipient, data, send_count, dispatches, expires_at, created_at, updated_at";

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
      dispatches: readJson<readonly DispatchRecord[]>(row.dispatches),
      expiresAt: row.expires_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  };

  return {
    async insert(tx, { id, channel, template, recipient, content, identityId, expiresAt, createdAt }) {
      await tx.execute(
        `INSERT INTO courier_messages (${columns}, identity_id) VALUES (?, 'queued', ?, ?, ?, ?, 0, '[]', ?, ?, ?, ?)`,
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

    async begin(sql, ids, at) {
      const keys = paddedList(ids.map(uuidBytes));
      const places = keys.map(() => "?").join(", ");
      const { affectedRows } = await sql.execute(
        `UPDATE courier_messages SET status = 'processing', send_count = send_count + 1, updated_at = ?
          WHERE id IN (${places}) AND status IN ('queued', 'processing')`,
        [at, ...keys],
      );
      if (affectedRows === 0) return ids.map(() => undefined);
      const rows = await sql.query<MessageRow>(
        `SELECT ${columns} FROM courier_messages WHERE id IN (${places}) AND status = 'processing'`,
        keys,
      );
      const found = new Map(rows.map((row) => [uuidText(row.id), row]));
      return ids.map((id) => {
        const row = found.get(id);
        return row && read(row);
      });
    },

    async giveBack(sql, id, at) {
      await sql.execute(
        `UPDATE courier_messages SET status = 'queued', send_count = send_count - 1, updated_at = ?
          WHERE id = ? AND status = 'processing' AND send_count > 0`,
        [at, uuidBytes(id)],
      );
    },

    async settle(sql, id, { status, dispatches, erase, at }) {
      await sql.execute(
        `UPDATE courier_messages SET status = ?, dispatches = ?, updated_at = ?${erase ? ", data = NULL" : ""}
          WHERE id = ?`,
        [status, JSON.stringify(dispatches), at, uuidBytes(id)],
        "same",
      );
    },

    async settleSent(sql, sent, { erase, at }) {
      const all = paddedList(sent).map(({ id, dispatches }) => [uuidBytes(id), JSON.stringify(dispatches)] as const);
      await sql.execute(
        `UPDATE courier_messages SET status = 'sent', updated_at = ?${erase ? ", data = NULL" : ""},
            dispatches = CASE id ${all.map(() => "WHEN ? THEN ?").join(" ")} ELSE dispatches END
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
