import {
  type ContinuationRecord,
  type ContinuationRow,
  continuationColumns,
  continuationFromRow,
} from "../../continuation/continuation.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "../../identity/store.ts";
import { parseUuid } from "../../lib/ids.ts";
import { paddedList } from "../../lib/in-groups.ts";
import { createBatch, type ReadMany } from "../../session/batch.ts";
import type { SignedIn } from "../../session/session.ts";
import { type SessionRow, sessionColumns, sessionFromRow } from "../../session/store.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { type FlowRow, flowColumns, flowFromRow } from "../shared/store.ts";

/** Everything one request of the settings flow is decided on, in one read. */
export interface SettingsRead extends SignedIn {
  readonly flow: FlowRecord | undefined;
  /** The change that waits until the person has authenticated again. */
  readonly parked: ContinuationRecord | undefined;
}

/** Reads the settings flow together with who asks. */
export interface SettingsStore {
  /**
   * Undefined when there is no session with this token digest. A malformed id
   * finds no flow. Reads of one turn of the event loop, of one flow for each session,
   * share a statement, but for those of a transaction.
   */
  read(sql: Sql, tokenDigest: Buffer, flowId: string): Promise<SettingsRead | undefined>;
  /**
   * Whether there is such a flow at all, whosever it is: for those who ask for one that is not theirs, so that they get
   * IDENTITY_MISMATCH and not FLOW_NOT_FOUND. It knows the id of the flow alone, and so asks the index on it, on shards
   * each of them: nobody who submits their own form causes it.
   */
  exists(sql: Sql, flowId: string): Promise<boolean>;
}

type Found = Awaited<ReturnType<ReadMany<SettingsRead>>>;

/** Stands where no flow can be: the nil UUID is never given out. */
const NO_ID = Buffer.alloc(16);

/** What one session asks for, where `flowId` is an expression of the id of its flow. */
const joined = (flowId: string, digests: string): string => `SELECT ${sessionColumns}, ${identityColumns},
       ${flowColumns}, ${continuationColumns}
  FROM sessions s
  JOIN identities i ON i.id = s.identity_id
  LEFT JOIN flows f ON f.home_id = s.identity_id AND f.id = ${flowId} AND f.kind = 'settings'
  LEFT JOIN continuations c ON c.home_id = f.home_id AND c.flow_id = f.id AND c.kind = 'reauthentication'
 WHERE s.token_digest ${digests}`;
const joinedOfOne = joined("?", "= ?");
const joinedOfMany = (keys: number): string =>
  joined(
    `CASE s.token_digest ${"WHEN ? THEN ? ".repeat(keys)}END`,
    `IN (${Array.from({ length: keys }, () => "?").join(", ")})`,
  );

type JoinedRow = SessionRow & IdentityRow & Nullable<FlowRow> & Nullable<ContinuationRow>;

/** Creates the store on a database. */
export const createSettingsStore = (db: Database): SettingsStore => {
  const one = async (sql: Sql, key: Buffer): Promise<Found> => {
    const [row] = await sql.query<JoinedRow>(joinedOfOne, [flowIdOf(key), digestOf(key)]);
    return row === undefined ? [] : [[key, () => readOf(row)]];
  };

  /** One statement finds a flow for each session; the others of a session that asks for several are read alone. */
  const many = async (keys: readonly Buffer[]): Promise<Found> => {
    const keyOfDigest = new Map(keys.toReversed().map((key) => [nameOf(digestOf(key)), key]));
    const others = keys.filter((key) => keyOfDigest.get(nameOf(digestOf(key)))?.equals(key) === false);
    const asked = paddedList([...keyOfDigest.values()]);
    const [rows, ...further] = await Promise.all([
      db.query<JoinedRow>(joinedOfMany(asked.length), [
        ...asked.flatMap((key) => [digestOf(key), flowIdOf(key)]),
        ...asked.map(digestOf),
      ]),
      ...others.map((key) => one(db, key)),
    ]);
    const found = rows.flatMap((row): Found => {
      const key = keyOfDigest.get(nameOf(row.s_token_digest));
      return key === undefined ? [] : [[key, () => readOf(row)]];
    });
    return [...found, ...further.flat()];
  };

  const lookup = createBatch<SettingsRead>((keys) => (keys.length === 1 && keys[0] ? one(db, keys[0]) : many(keys)));
  return {
    read: async (sql, tokenDigest, flowId) => {
      const key = Buffer.concat([parseUuid(flowId) ?? NO_ID, tokenDigest]);
      return sql === db ? lookup(key) : (await one(sql, key))[0]?.[1]();
    },

    exists: async (sql, flowId) => {
      const bytes = parseUuid(flowId);
      if (bytes === undefined) return false;
      const [row] = await sql.query("SELECT 1 FROM flows f WHERE f.id = ? AND f.kind = 'settings'", [bytes]);
      return row !== undefined;
    },
  };
};

const ID_BYTES = 16;
const flowIdOf = (key: Buffer): Buffer => key.subarray(0, ID_BYTES);
const digestOf = (key: Buffer): Buffer => key.subarray(ID_BYTES);

const nameOf = (bytes: Buffer): string => bytes.toString("latin1");

const readOf = (row: JoinedRow): SettingsRead => ({
  session: sessionFromRow(row),
  identity: identityFromRow(row),
  flow: row.f_id === null ? undefined : flowFromRow(row as FlowRow),
  parked: row.c_id === null ? undefined : continuationFromRow(row as ContinuationRow),
});

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
