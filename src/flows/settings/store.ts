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
  /** The change that waits until the person has authenticated again. */
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
  /**
   * Whether there is such a flow at all, whosever it is: for those who ask for one that is not theirs, so that they get
   * IDENTITY_MISMATCH and not FLOW_NOT_FOUND. It knows the id of the flow alone, and so asks the index on it, on shards
   * each of them: nobody who submits their own form causes it.
   */
  exists(sql: Sql, flowId: string): Promise<boolean>;
}

type Found = Awaited<ReturnType<ReadMany<SettingsRead>>>;

/** Stands where nobody and no flow can be: the nil UUID is never given out. */
const NO_ID = Buffer.alloc(16);

const sessionsAndIdentities = `SELECT ${sessionColumns}, ${identityColumns}
  FROM sessions s JOIN identities i ON i.id = s.identity_id`;
const parked = "continuations c ON c.home_id = f.home_id AND c.flow_id = f.id AND c.kind = 'reauthentication'";
/** Told which index it is to read, the server compares no others, which would take longer than reading the rows. */
const flowsAndParked = `SELECT ${flowColumns}, ${continuationColumns}
  FROM flows f FORCE INDEX (PRIMARY) LEFT JOIN ${parked}`;
const joined = `SELECT ${sessionColumns}, ${identityColumns}, ${flowColumns}, ${continuationColumns}
  FROM sessions s
  JOIN identities i ON i.id = s.identity_id
  LEFT JOIN flows f ON f.home_id = s.identity_id AND f.id = ? AND f.kind = 'settings'
  LEFT JOIN ${parked}
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

  /** A join would give each session of a person with each of their flows, so that many keys take two statements. */
  const many = async (keys: readonly Buffer[]): Promise<Found> => {
    const people = await db.query<SessionRow & IdentityRow>(
      `${sessionsAndIdentities} WHERE s.token_digest IN (${keys.map(() => "?").join(", ")})`,
      keys.map(digestOf),
    );
    const rowOfDigest = new Map(people.map((row) => [nameOf(row.s_token_digest), row]));
    // A place for each key, so that few statements are prepared. Where there is no session, there is no flow.
    const places = keys.map((key) => placeOf(rowOfDigest.get(nameOf(digestOf(key)))?.s_identity_id ?? NO_ID, key));
    const flows = await db.query<FlowRow & Nullable<ContinuationRow>>(
      `${flowsAndParked} WHERE (${places.map(() => "(f.home_id = ? AND f.id = ?)").join(" OR ")}) ` +
        "AND f.kind = 'settings'",
      places.flat(),
    );
    const rowOfPlace = new Map(flows.map((row) => [nameOf(row.f_identity_id ?? NO_ID) + nameOf(row.f_id), row]));
    // The list was padded with one of its keys.
    const distinct = new Map(keys.map((key) => [nameOf(key), key])).values();
    return [...distinct].flatMap((key): Found => {
      const row = rowOfDigest.get(nameOf(digestOf(key)));
      if (row === undefined) return [];
      const flow = rowOfPlace.get(placeOf(row.s_identity_id, key).map(nameOf).join(""));
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

/** Where a flow is stored that is asked for. */
const placeOf = (homeId: Buffer, key: Buffer): readonly [Buffer, Buffer] => [homeId, flowIdOf(key)];

const nameOf = (bytes: Buffer): string => bytes.toString("latin1");

const noFlow = { flow: undefined, parked: undefined };

const flowOf = (row: Nullable<FlowRow> & Nullable<ContinuationRow>): Pick<SettingsRead, "flow" | "parked"> => ({
  flow: row.f_id === null ? undefined : flowFromRow(row as FlowRow),
  parked: row.c_id === null ? undefined : continuationFromRow(row as ContinuationRow),
});

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
