import type { JsonValue } from "@bufbuild/protobuf";
import type { Sql } from "../db/sql.ts";
import { DatabaseUnavailable } from "../db/sql-error.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid4, uuidBytes, uuidText } from "../lib/ids.ts";

/*
 * A continuation waits for a person to come back: a protected change until its owner has
 * proven who they are, a sign-in until the provider has answered, and its answer
 * until it has been used or a native app fetches it, a merge of two accounts until
 * both have proven theirs, a change along with a sign-in until its person has given
 * the second factor. One table and one interface.
 * Its payload is encrypted, bound to what it was parked for, and consumed once.
 */

/** What a continuation is bound to. It opens under exactly these and no others. */
export interface ContinuationBinding {
  /** Beside whose rows it is stored: where its flow is at home. */
  readonly homeId: string;
  readonly flowId: string;
  /**
   * Why it waits. A flow has one of each kind at most; a merge and a change parked for a second factor belong to no
   * flow: in its place is a session.
   */
  readonly kind: "reauthentication" | "redirect" | "merge" | "second_factor";
  /**
   * What it waits for: its owner's proof; the provider's answer, its use, or the app that fetches it; another account,
   * or that its merge is confirmed.
   */
  readonly step: "proof" | "provider" | "callback" | "exchange" | "offer" | "confirmation";
  readonly method: string;
  readonly sessionId: string | undefined;
  readonly identityId: string | undefined;
}

/** A continuation as stored. */
export interface ContinuationRecord extends ContinuationBinding {
  readonly id: string;
  readonly ciphertext: Buffer;
  readonly expiresAt: Date;
}

/** A row of `continuations`, under the aliases of `continuationColumns`. */
export interface ContinuationRow {
  readonly c_id: Buffer;
  readonly c_home_id: Buffer;
  readonly c_flow_id: Buffer;
  readonly c_kind: string;
  readonly c_step: string;
  readonly c_method: string;
  readonly c_session_id: Buffer | null;
  readonly c_identity_id: Buffer | null;
  readonly c_ciphertext: Buffer;
  readonly c_expires_at: Date;
}

const columns = [
  "home_id",
  "flow_id",
  "kind",
  "id",
  "step",
  "method",
  "session_id",
  "identity_id",
  "ciphertext",
  "expires_at",
] as const;

/** The columns of a continuation for a join in which `continuations` is called `c`. */
export const continuationColumns = columns.map((c) => `c.${c} AS c_${c}`).join(", ");

/** Reads a row into the record. */
export const continuationFromRow = (row: ContinuationRow): ContinuationRecord => ({
  id: uuidText(row.c_id),
  homeId: uuidText(row.c_home_id),
  flowId: uuidText(row.c_flow_id),
  kind: row.c_kind as ContinuationBinding["kind"],
  step: row.c_step as ContinuationBinding["step"],
  method: row.c_method,
  sessionId: row.c_session_id ? uuidText(row.c_session_id) : undefined,
  identityId: row.c_identity_id ? uuidText(row.c_identity_id) : undefined,
  ciphertext: row.c_ciphertext,
  expiresAt: row.c_expires_at,
});

/**
 * Parks continuations, opens them, and consumes each exactly once: in the transaction that
 * applies it. Where that may span shards, whose parts are not committed at one
 * moment, an attempt claims it before: whatever becomes of the parts, no other
 * attempt can apply it as well.
 */
export interface Continuations {
  /**
   * Stores a continuation, in the place of one of the same flow and kind. `id` is that of a ticket, where one was
   * handed out.
   */
  park(tx: Sql, binding: ContinuationBinding, payload: JsonValue, lifespan: number, id?: string): Promise<void>;
  find(sql: Sql, id: string): Promise<ContinuationRecord | undefined>;
  /** The continuation of a kind that a flow has. */
  findOf(
    sql: Sql,
    slot: Pick<ContinuationBinding, "homeId" | "flowId" | "kind">,
  ): Promise<ContinuationRecord | undefined>;
  /** The payload; undefined if it has expired, was altered, or is bound to something else. */
  open(record: ContinuationRecord, binding: ContinuationBinding): JsonValue | undefined;
  /** Stores that only this attempt uses it. False: another attempt does, or did. */
  claim(sql: Sql, record: ContinuationRecord, attempt: string): Promise<boolean>;
  /**
   * Lets other attempts use it after a failure of this one, unless it is unknown
   * whether its effect was written. Never throws: what cannot be released
   * expires.
   */
  release(sql: Sql, record: ContinuationRecord, attempt: string, failure?: unknown): Promise<void>;
  /** Stores the next step and its payload. Only the attempt that claimed it. */
  advance(
    sql: Sql,
    record: ContinuationRecord,
    attempt: string,
    step: ContinuationBinding["step"],
    payload: JsonValue,
  ): Promise<void>;
  /** Removes it in the transaction that applies it. False: someone else did already, or claimed it. */
  consume(tx: Sql, record: ContinuationRecord, attempt?: string): Promise<boolean>;
}

/** Creates the continuations. */
export const createContinuations = ({ aead, clock }: { readonly aead: Aead; readonly clock: Clock }): Continuations => {
  const seal = (id: string, binding: ContinuationBinding, payload: JsonValue): Buffer =>
    aead.encrypt(Buffer.from(JSON.stringify(payload)), associated(id, binding));

  return {
    async park(tx, binding, payload, lifespan, id = uuid4()) {
      const slot = [uuidBytes(binding.homeId), uuidBytes(binding.flowId), binding.kind];
      const sealed = seal(id, binding, payload);
      await tx.execute("DELETE FROM continuations WHERE home_id = ? AND flow_id = ? AND kind = ?", slot);
      await tx.execute(
        `INSERT INTO continuations (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        [
          ...slot,
          uuidBytes(id),
          binding.step,
          binding.method,
          binding.sessionId === undefined ? null : uuidBytes(binding.sessionId),
          binding.identityId === undefined ? null : uuidBytes(binding.identityId),
          sealed,
          new Date(clock.now().getTime() + lifespan),
        ],
      );
    },

    async find(sql, id) {
      const [row] = await sql.query<ContinuationRow>(
        `SELECT ${continuationColumns} FROM continuations c WHERE c.id = ?`,
        [uuidBytes(id)],
      );
      return row && continuationFromRow(row);
    },

    async findOf(sql, { homeId, flowId, kind }) {
      const [row] = await sql.query<ContinuationRow>(
        `SELECT ${continuationColumns} FROM continuations c WHERE c.home_id = ? AND c.flow_id = ? AND c.kind = ?`,
        [uuidBytes(homeId), uuidBytes(flowId), kind],
      );
      return row && continuationFromRow(row);
    },

    open(record, binding) {
      if (record.expiresAt <= clock.now()) return undefined;
      const plain = aead.decrypt(record.ciphertext, associated(record.id, binding));
      return plain && (JSON.parse(plain.toString("utf8")) as JsonValue);
    },

    async claim(sql, record, attempt) {
      const mine = uuidBytes(attempt);
      const { affectedRows } = await sql.execute(
        `UPDATE continuations SET attempt = ? WHERE ${place} AND step = ? AND (attempt IS NULL OR attempt = ?)`,
        [mine, ...placeOf(record), record.step, mine],
        "same",
      );
      return affectedRows === 1;
    },

    async release(sql, record, attempt, failure) {
      if (failure instanceof DatabaseUnavailable && failure.outcome === "unknown") return;
      await sql
        .execute(
          `UPDATE continuations SET attempt = NULL WHERE ${place} AND attempt = ?`,
          [...placeOf(record), uuidBytes(attempt)],
          "same",
        )
        .catch(() => undefined);
    },

    async advance(sql, record, attempt, step, payload) {
      await sql.execute(
        `UPDATE continuations SET step = ?, ciphertext = ? WHERE ${place} AND attempt = ?`,
        [step, seal(record.id, { ...record, step }, payload), ...placeOf(record), uuidBytes(attempt)],
        "same",
      );
    },

    async consume(tx, record, attempt) {
      const { affectedRows } = await tx.execute(
        `DELETE FROM continuations WHERE ${place} AND ${attempt === undefined ? "attempt IS NULL" : "attempt = ?"}`,
        [...placeOf(record), ...(attempt === undefined ? [] : [uuidBytes(attempt)])],
      );
      return affectedRows === 1;
    },
  };
};

/** The condition of one row. Another that took its place has another id. */
const place = "home_id = ? AND flow_id = ? AND kind = ? AND id = ?";

const placeOf = ({ homeId, flowId, kind, id }: ContinuationRecord) => [
  uuidBytes(homeId),
  uuidBytes(flowId),
  kind,
  uuidBytes(id),
];

const associated = (id: string, b: ContinuationBinding): string =>
  [id, b.homeId, b.flowId, b.kind, b.step, b.method, b.sessionId ?? "-", b.identityId ?? "-"].join("|");
