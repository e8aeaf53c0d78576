import type { JsonValue } from "@bufbuild/protobuf";
import type { Sql } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid4, uuidBytes, uuidText } from "../lib/ids.ts";

/*
 * What waits for a person to come back: a protected change until its owner has
 * proven who they are, a sign-in until the provider has answered, and its answer
 * until it has been used or a native app fetches it. One table and one interface.
 * What waits is encrypted, bound to what it was parked for, and taken once.
 */

/** What a continuation is bound to. It opens under exactly these and no others. */
export interface ContinuationBinding {
  readonly flowId: string;
  /** Why it waits; names the step that completes it. */
  readonly kind: "reauthentication" | "provider" | "receiving" | "callback" | "exchange";
  readonly method: string;
  readonly sessionId: string | undefined;
  readonly identityId: string | undefined;
}

/** A continuation as kept. */
export interface ContinuationRecord extends ContinuationBinding {
  readonly id: string;
  readonly ciphertext: Buffer;
  readonly expiresAt: Date;
}

/** A row of `continuations`, under the aliases of `continuationColumns`. */
export interface ContinuationRow {
  readonly c_id: Buffer;
  readonly c_flow_id: Buffer;
  readonly c_kind: string;
  readonly c_method: string;
  readonly c_session_id: Buffer | null;
  readonly c_identity_id: Buffer | null;
  readonly c_ciphertext: Buffer;
  readonly c_expires_at: Date;
}

const columns = ["id", "flow_id", "kind", "method", "session_id", "identity_id", "ciphertext", "expires_at"] as const;

/** The columns of a continuation for a join in which `continuations` is called `c`. */
export const continuationColumns = columns.map((c) => `c.${c} AS c_${c}`).join(", ");

/** Reads a row into the record. */
export const continuationFromRow = (row: ContinuationRow): ContinuationRecord => ({
  id: uuidText(row.c_id),
  flowId: uuidText(row.c_flow_id),
  kind: row.c_kind as ContinuationBinding["kind"],
  method: row.c_method,
  sessionId: row.c_session_id ? uuidText(row.c_session_id) : undefined,
  identityId: row.c_identity_id ? uuidText(row.c_identity_id) : undefined,
  ciphertext: row.c_ciphertext,
  expiresAt: row.c_expires_at,
});

/** Encrypts under associated data; `open` gives undefined when anything was altered. */
export interface Aead {
  encrypt(plain: Buffer, associated: string): Buffer;
  decrypt(sealed: Buffer, associated: string): Buffer | undefined;
}

/** Parks what waits, opens it, and takes it exactly once. */
export interface Continuations {
  /** Replaces what waits for the same flow. `id` is that of a ticket, where one was handed out. */
  park(tx: Sql, binding: ContinuationBinding, payload: JsonValue, lifespan: number, id?: string): Promise<void>;
  find(sql: Sql, id: string): Promise<ContinuationRecord | undefined>;
  /** The payload; undefined when it is over, was altered, or is bound to anything else. */
  open(record: ContinuationRecord, binding: ContinuationBinding): JsonValue | undefined;
  /**
   * Names another step. False: someone else did already. `payload` takes the place of what waits, encrypted for
   * that step.
   */
  move(sql: Sql, record: ContinuationRecord, to: ContinuationBinding["kind"], payload?: JsonValue): Promise<boolean>;
  /** Removes it in the transaction that applies it. False: someone else did already. */
  take(tx: Sql, record: Pick<ContinuationRecord, "id" | "flowId">): Promise<boolean>;
}

/** Creates the continuations. */
export const createContinuations = ({ aead, clock }: { readonly aead: Aead; readonly clock: Clock }): Continuations => {
  const seal = (id: string, binding: ContinuationBinding, payload: JsonValue): Buffer =>
    aead.encrypt(Buffer.from(JSON.stringify(payload)), associated(id, binding));

  return {
    async park(tx, binding, payload, lifespan, id = uuid4()) {
      const sealed = seal(id, binding, payload);
      await tx.execute("DELETE FROM continuations WHERE flow_id = ?", [uuidBytes(binding.flowId)]);
      await tx.execute(`INSERT INTO continuations (${columns.join(", ")}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [
        uuidBytes(id),
        uuidBytes(binding.flowId),
        binding.kind,
        binding.method,
        binding.sessionId === undefined ? null : uuidBytes(binding.sessionId),
        binding.identityId === undefined ? null : uuidBytes(binding.identityId),
        sealed,
        new Date(clock.now().getTime() + lifespan),
      ]);
    },

    async find(sql, id) {
      const [row] = await sql.query<ContinuationRow>(
        `SELECT ${continuationColumns} FROM continuations c WHERE c.id = ?`,
        [uuidBytes(id)],
      );
      return row && continuationFromRow(row);
    },

    open(record, binding) {
      if (record.expiresAt <= clock.now()) return undefined;
      const plain = aead.decrypt(record.ciphertext, associated(record.id, binding));
      return plain && (JSON.parse(plain.toString("utf8")) as JsonValue);
    },

    async move(sql, record, to, payload) {
      const place = [uuidBytes(record.id), uuidBytes(record.flowId), record.kind];
      const { affectedRows } =
        payload === undefined
          ? await sql.execute("UPDATE continuations SET kind = ? WHERE id = ? AND flow_id = ? AND kind = ?", [
              to,
              ...place,
            ])
          : await sql.execute(
              "UPDATE continuations SET kind = ?, ciphertext = ? WHERE id = ? AND flow_id = ? AND kind = ?",
              [to, seal(record.id, { ...record, kind: to }, payload), ...place],
            );
      return affectedRows === 1;
    },

    async take(tx, { id, flowId }) {
      const { affectedRows } = await tx.execute("DELETE FROM continuations WHERE id = ? AND flow_id = ?", [
        uuidBytes(id),
        uuidBytes(flowId),
      ]);
      return affectedRows === 1;
    },
  };
};

const associated = (id: string, b: ContinuationBinding): string =>
  [id, b.flowId, b.kind, b.method, b.sessionId ?? "-", b.identityId ?? "-"].join("|");
