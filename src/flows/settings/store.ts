import {
  type ContinuationRecord,
  type ContinuationRow,
  continuationColumns,
  continuationFromRow,
} from "../../continuation/continuation.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { type IdentityRow, identityColumns, identityFromRow } from "../../identity/store.ts";
import { parseUuid } from "../../lib/ids.ts";
import { createBatch, type ReadMany } from "../../session/batch.ts";
import type { SignedIn } from "../../session/session.ts";
import { type SessionRow, sessionColumns, sessionFromRow } from "../../session/store.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { type FlowRow, flowColumns, flowFromRow } from "../shared/store.ts";

/** Everything one request of the settings flow is decided on, in one read. */
export interface SettingsRead extends SignedIn {
  readonly flow: FlowRecord | undefined;
  /** The change that waits until the person has proven again who they are. */
  readonly parked: ContinuationRecord | undefined;
}

/** Reads the settings flow together with who asks. */
export interface SettingsStore {
  /**
   * Undefined when there is no session with this token digest. A malformed id
   * finds no flow. Reads of one tick share their statements, but for those of a
   * transaction.
   */
  read(sql: Sql, tokenDigest: Buffer, flowId: string): Promise<SettingsRead | undefined>;
}

type Found = Awaited<ReturnType<ReadMany<SettingsRead>>>;

/** Stands where no flow can be: the nil UUID is never given out. */
const NO_FLOW = Buffer.alloc(16);

const sessionsAndIdentities = `SELECT ${sessionColumns}, ${identityColumns} FROM sessions s JOIN identities i ON i.id = s.identity_id`;
const flowsAndParked = `SELECT ${flowColumns}, ${continuationColumns} FROM flows f LEFT JOIN continuations c ON c.flow_id = f.id AND c.kind = 'reauthentication'`;
const joined = `SELECT ${sessionColumns}, ${identityColumns}, ${flowColumns}, ${continuationColumns}
  FROM sessions s
  JOIN identities i ON i.id = s.identity_id
  LEFT JOIN flows f ON f.id = ? AND f.kind = 'settings'
  LEFT JOIN continuations c ON c.flow_id = f.id AND c.kind = 'reauthentication'
 WHERE s.token_digest = ?`;

/** Creates the store on a database. */
export const createSettingsStore = (db: Database): SettingsStore => {
  const one = async (sql: Sql, key: Buffer): Promise<Found> => {
    const [row] = await sql.query<SessionRow & IdentityRow & Nullable<FlowRow> & Nullable<ContinuationRow>>(joined, [
      flowIdOf(key),
      digestOf(key),
    ]);
    return row === undefined
      ? []
      : [[key, () => ({ session: sessionFromRow(row), identity: identityFromRow(row), ...flowOf(row) })]];
  };

  /** A join would give each session with each flow, so that many keys take two statements, side by side. */
  const many = async (keys: readonly Buffer[]): Promise<Found> => {
    const marks = keys.map(() => "?").join(", ");
    const [people, flows] = await Promise.all([
      db.query<SessionRow & IdentityRow>(
        `${sessionsAndIdentities} WHERE s.token_digest IN (${marks})`,
        keys.map(digestOf),
      ),
      db.query<FlowRow & Nullable<ContinuationRow>>(
        `${flowsAndParked} WHERE f.id IN (${marks}) AND f.kind = 'settings'`,
        keys.map(flowIdOf),
      ),
    ]);
    const rowOfDigest = new Map(people.map((row) => [row.s_token_digest.toString("latin1"), row]));
    const rowOfFlow = new Map(flows.map((row) => [row.f_id.toString("latin1"), row]));
    // The list was padded with one of its keys.
    const distinct = new Map(keys.map((key) => [key.toString("latin1"), key])).values();
    return [...distinct].flatMap((key): Found => {
      const row = rowOfDigest.get(digestOf(key).toString("latin1"));
      const flow = rowOfFlow.get(flowIdOf(key).toString("latin1"));
      if (row === undefined) return [];
      return [
        [
          key,
          () => ({
            session: sessionFromRow(row),
            identity: identityFromRow(row),
            ...(flow === undefined ? noFlow : flowOf(flow)),
          }),
        ],
      ];
    });
  };

  const lookup = createBatch<SettingsRead>((keys) => (keys.length === 1 && keys[0] ? one(db, keys[0]) : many(keys)));
  return {
    read: async (sql, tokenDigest, flowId) => {
      const key = Buffer.concat([parseUuid(flowId) ?? NO_FLOW, tokenDigest]);
      return sql === db ? lookup(key) : (await one(sql, key))[0]?.[1]();
    },
  };
};

const ID_BYTES = 16;
const flowIdOf = (key: Buffer): Buffer => key.subarray(0, ID_BYTES);
const digestOf = (key: Buffer): Buffer => key.subarray(ID_BYTES);

const noFlow = { flow: undefined, parked: undefined };

const flowOf = (row: Nullable<FlowRow> & Nullable<ContinuationRow>): Pick<SettingsRead, "flow" | "parked"> => ({
  flow: row.f_id === null ? undefined : flowFromRow(row as FlowRow),
  parked: row.c_id === null ? undefined : continuationFromRow(row as ContinuationRow),
});

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
