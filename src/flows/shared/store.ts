import type { JsonObject } from "@bufbuild/protobuf";
import { readJson } from "../../db/read-json.ts";
import { updateOf } from "../../db/row-writes.ts";
import type { RowInsert, RowUpdate, RowValues, Sql, SqlValue } from "../../db/sql.ts";
import { parseUuid, uuidBytes, uuidText } from "../../lib/ids.ts";
import { COMPLETED } from "../../methods/contract/flow.ts";
import { liveSession, liveSessionOfActive, liveSessionValues, type SessionKey } from "../../session/store.ts";
import { emptyForm, type FlowForm, type FlowKind, type FlowRecord, homeOf } from "./flow.ts";
import { truncateForm } from "./form.ts";
import { withoutSealed } from "./sealed-context.ts";

/** A row of `flows`, under the aliases of `flowColumns`. */
export interface FlowRow {
  readonly f_id: Buffer;
  readonly f_kind: string;
  readonly f_type: string;
  readonly f_identity_id: Buffer | null;
  readonly f_subject_id: Buffer | null;
  readonly f_state: string;
  readonly f_active: string | null;
  readonly f_request_url: string;
  readonly f_csrf_digest: Buffer | null;
  readonly f_form: unknown;
  readonly f_context: unknown;
  readonly f_issued_at: Date;
  readonly f_updated_at: Date;
  readonly f_expires_at: Date;
}

const columns = [
  "id",
  "kind",
  "type",
  "identity_id",
  "subject_id",
  "state",
  "active",
  "request_url",
  "csrf_digest",
  "form",
  "context",
  "issued_at",
  "updated_at",
  "expires_at",
] as const;

/** The columns of a flow for a join in which `flows` is called `f`. */
export const flowColumns = columns.map((c) => `f.${c} AS f_${c}`).join(", ");

/** Reads a row into the record. */
export const flowFromRow = (row: FlowRow): FlowRecord => ({
  id: uuidText(row.f_id),
  kind: row.f_kind as FlowKind,
  type: row.f_type === "api" ? "api" : "browser",
  identityId: row.f_identity_id ? uuidText(row.f_identity_id) : undefined,
  ...(row.f_subject_id && { subjectId: uuidText(row.f_subject_id) }),
  state: row.f_state,
  active: row.f_active ?? undefined,
  requestUrl: row.f_request_url,
  csrfDigest: row.f_csrf_digest ?? undefined,
  form: readJson<FlowForm>(row.f_form),
  context: readJson<JsonObject>(row.f_context),
  issuedAt: row.f_issued_at,
  updatedAt: row.f_updated_at,
  expiresAt: row.f_expires_at,
});

/** Reads and writes flows of every kind. */
export interface FlowStore {
  insert(sql: Sql, flow: FlowRecord): Promise<void>;
  /**
   * A flow that is nobody's from the start. Undefined for an unknown or malformed id, and for a flow of another
   * kind.
   */
  find(sql: Sql, kind: Exclude<FlowKind, "settings">, id: string): Promise<FlowRecord | undefined>;
  /** A flow of any kind. `homeId` is that of `homeOf`. */
  findAt(sql: Sql, homeId: string, id: string): Promise<FlowRecord | undefined>;
  /**
   * Writes what a submit changes: state, active, form and context. False: the
   * flow has expired at `now`, was completed or deleted, or its session is not live any more.
   *
   * @param session the session that submits, where the flow is that of someone who is signed in
   */
  save(sql: Sql, flow: FlowRecord, now: Date, session?: SessionKey): Promise<boolean>;
  /** As `save`, in a transaction that has locked the person of the session and seen that they are active. */
  saveOfLocked(tx: Sql, flow: FlowRecord, now: Date, session: SessionKey): Promise<boolean>;
  /** As `save`, if the flow was not written since it was read. False also if it was. */
  saveAsRead(sql: Sql, read: FlowRecord, flow: FlowRecord, now: Date): Promise<boolean>;
  /**
   * Completes a flow that can be used once, and removes the context of its method. False: it has expired at `now`, or
   * was written since it was read.
   */
  complete(tx: Sql, flow: FlowRecord, now: Date): Promise<boolean>;
  /**
   * Reads a flow that is nobody's from the start and locks it: it stays as it is until the transaction ends.
   * Undefined: it is gone, or over at `now`.
   */
  findOpenForUpdate(tx: Sql, flow: FlowRecord, now: Date): Promise<FlowRecord | undefined>;
  /** Takes out what was typed into a flow that has brought somebody in, who is known from now on. */
  forget(tx: Sql, flow: FlowRecord, subjectId: string): Promise<void>;
  /** Whether the flow is there and not over at `now`. It stays so until the transaction ends. */
  lockOpen(tx: Sql, flow: FlowRecord, now: Date): Promise<boolean>;
}

/** Bytes of a row, as far as it holds what anybody sends. */
const largestRow = 16_384;

/** What ids, times and names take. */
const otherColumns = 512;

/** Form and context as they are stored. */
const storedTexts = ({ form, context, requestUrl }: FlowRecord): readonly [form: string, context: string] => {
  const contextText = JSON.stringify(context);
  const formText = JSON.stringify(form);
  const room = largestRow - otherColumns - Buffer.byteLength(requestUrl) - Buffer.byteLength(contextText);
  return [Buffer.byteLength(formText) <= room ? formText : JSON.stringify(truncateForm(form, room)), contextText];
};

const insertion: RowInsert = { table: "flows", columns: ["home_id", ...columns] };

const atHome = `SELECT ${flowColumns} FROM flows f WHERE f.home_id = ? AND f.id = ?`;

const subjectOf = ({ subjectId }: FlowRecord): Buffer | null => (subjectId === undefined ? null : uuidBytes(subjectId));

/**
 * MariaDB looks a flow up in the index by id alone unless it is told which index to use: two lookups and two locks
 * instead of one, after it has compared all indexes of the table.
 */
const change = "UPDATE flows FORCE INDEX (PRIMARY)";

/** Writes what a submit changes in a flow that is open, where one more condition holds. */
const updateWhere = (condition: string): RowUpdate => ({
  table: "flows",
  index: "PRIMARY",
  key: ["home_id", "id"],
  set: ["subject_id", "state", "active", "form", "context", "updated_at"],
  condition: `expires_at > ? AND state <> '${COMPLETED}'${condition}`,
});

const updates = {
  always: updateWhere(""),
  inSession: updateWhere(` AND ${liveSession}`),
  inSessionOfActive: updateWhere(` AND ${liveSessionOfActive}`),
  asRead: updateWhere(" AND updated_at = ?"),
};

const updateValuesOf = (flow: FlowRecord, now: Date, conditionValues: readonly SqlValue[] = []): RowValues => ({
  key: [uuidBytes(homeOf(flow)), uuidBytes(flow.id)],
  set: [subjectOf(flow), flow.state, flow.active ?? null, ...storedTexts(flow), flow.updatedAt],
  condition: [now, ...conditionValues],
});

/** Creates the store. It keeps no state of its own. */
export const createFlowStore = (): FlowStore => ({
  async insert(sql, flow) {
    const values = [
      uuidBytes(homeOf(flow)),
      uuidBytes(flow.id),
      flow.kind,
      flow.type,
      flow.identityId === undefined ? null : uuidBytes(flow.identityId),
      subjectOf(flow),
      flow.state,
      flow.active ?? null,
      flow.requestUrl,
      flow.csrfDigest ?? null,
      ...storedTexts(flow),
      flow.issuedAt,
      flow.updatedAt,
      flow.expiresAt,
    ];
    await sql.insertRow(insertion, values);
  },

  async find(sql, kind, id) {
    const bytes = parseUuid(id);
    if (bytes === undefined) return undefined;
    const [row] = await sql.query<FlowRow>(`${atHome} AND f.kind = ?`, [bytes, bytes, kind]);
    return row && flowFromRow(row);
  },

  async findAt(sql, homeId, id) {
    const [row] = await sql.query<FlowRow>(atHome, [uuidBytes(homeId), uuidBytes(id)]);
    return row && flowFromRow(row);
  },

  save(sql, flow, now, session) {
    if (session === undefined) return sql.updateRow(updates.always, updateValuesOf(flow, now));
    const values = updateValuesOf(flow, now, liveSessionValues(session, now));
    return sql.updateRow(updates.inSessionOfActive, values);
  },

  saveOfLocked(tx, flow, now, session) {
    return tx.updateRow(updates.inSession, updateValuesOf(flow, now, liveSessionValues(session, now)));
  },

  async saveAsRead(sql, read, flow, now) {
    const { affectedRows } = await sql.execute(
      ...updateOf(updates.asRead, [updateValuesOf(flow, now, [read.updatedAt])]),
    );
    return affectedRows === 1;
  },

  async complete(tx, flow, now) {
    const { affectedRows } = await tx.execute(
      `${change} SET state = '${COMPLETED}', context = ?, updated_at = ?
        WHERE home_id = ? AND id = ? AND expires_at > ? AND state = ? AND state <> '${COMPLETED}' AND updated_at = ?`,
      [
        JSON.stringify(withoutSealed(flow.context)),
        now,
        uuidBytes(homeOf(flow)),
        uuidBytes(flow.id),
        now,
        flow.state,
        flow.updatedAt,
      ],
    );
    return affectedRows === 1;
  },

  async forget(tx, flow, subjectId) {
    await tx.execute(`${change} SET subject_id = ?, form = ? WHERE home_id = ? AND id = ?`, [
      uuidBytes(subjectId),
      JSON.stringify(emptyForm),
      uuidBytes(homeOf(flow)),
      uuidBytes(flow.id),
    ]);
  },

  async findOpenForUpdate(tx, flow, now) {
    const [row] = await tx.query<FlowRow>(`${atHome} AND f.expires_at > ? FOR UPDATE`, [
      uuidBytes(homeOf(flow)),
      uuidBytes(flow.id),
      now,
    ]);
    return row && flowFromRow(row);
  },

  async lockOpen(tx, flow, now) {
    const [row] = await tx.query("SELECT 1 FROM flows WHERE home_id = ? AND id = ? AND expires_at > ? FOR UPDATE", [
      uuidBytes(homeOf(flow)),
      uuidBytes(flow.id),
      now,
    ]);
    return row !== undefined;
  },
});
