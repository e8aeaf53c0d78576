import type { JsonObject } from "@bufbuild/protobuf";
import type { Database } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { paddedList } from "../lib/in-groups.ts";
import type { Payloads } from "./payloads.ts";

/** A queued or parked job, as operators see it. */
export interface ListedJob {
  readonly id: string;
  /** Whom it is about; undefined: nobody. */
  readonly identityId: string | undefined;
  readonly position: number;
  readonly attempts: number;
  readonly lastError: string;
  readonly createdAt: Date;
  readonly parkedAt: Date | undefined;
  /** Undefined when the key that encrypted it is gone. */
  readonly payload: JsonObject | undefined;
}

/** Which jobs are listed: of a kind, the queued or the parked ones, the oldest first. */
interface JobFilter {
  readonly kind: string;
  readonly parked: boolean;
  /** Those with a higher id. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** How many jobs of a kind there are. */
interface JobCount {
  readonly kind: string;
  readonly parked: boolean;
  readonly count: number;
}

/** What those who look after the server do with jobs. Every time is the database's. */
export interface JobUpkeep {
  counts(): Promise<readonly JobCount[]>;
  list(filter: JobFilter): Promise<readonly ListedJob[]>;
  /**
   * Has parked jobs of a kind done again, the oldest first, those with an id higher than `after`. Gives how many, and
   * the id of the last one where there may be more.
   */
  unpark(
    kind: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly queued: number; readonly last: string | undefined }>;
  /**
   * Has some of a kind done again, from the first attempt on: those that were parked, and those that wait for their
   * next attempt at once. What is under way goes on as it is. Gives how many.
   */
  repeat(kind: string, ids: readonly string[]): Promise<number>;
  /** Removes some of a kind, whoever runs them: no further attempt is made. Gives how many there were. */
  drop(kind: string, ids: readonly string[]): Promise<number>;
  /** Removes jobs of every kind that were parked so many milliseconds ago, a batch of each. Gives how many. */
  purgeParked(age: number, batchSize: number): Promise<number>;
}

interface ListedRow {
  readonly id: Buffer;
  readonly identity_id: Buffer | null;
  readonly position: number | string;
  readonly attempts: number;
  readonly last_error: string;
  readonly created_at: Date;
  readonly parked_at: Date | null;
  readonly payload: Buffer;
}

/** Rows that one statement changes, so that none holds others up for long. */
const MOST_AT_ONCE = 64;
const MICROSECONDS = 1000;

/** Creates a `JobUpkeep`. */
export const createJobUpkeep = (db: Database, payloads: Payloads): JobUpkeep => {
  /** Runs a statement for ids in small groups, whose places stand for `:ids`; gives how many rows it matched. */
  const changeEach = async (statement: string, kind: string, ids: readonly Buffer[]): Promise<number> => {
    let changed = 0;
    for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
      const some = paddedList(ids.slice(from, from + MOST_AT_ONCE));
      const sql = statement.replace(":ids", some.map(() => "?").join(", "));
      changed += (await db.execute(sql, [kind, ...some])).affectedRows;
    }
    return changed;
  };

  return {
    async counts() {
      const rows = await db.query<{ kind: string; parked: number; n: number | string }>(
        "SELECT kind, parked_at IS NOT NULL AS parked, COUNT(*) AS n FROM jobs GROUP BY kind, parked_at IS NOT NULL",
      );
      return rows.map(({ kind, parked, n }) => ({ kind, parked: Number(parked) === 1, count: Number(n) }));
    },

    async list({ kind, parked, after, limit }) {
      const rows = await db.query<ListedRow>(
        `SELECT id, identity_id, position, attempts, last_error, created_at, parked_at, payload FROM jobs
          WHERE kind = ? AND parked_at IS ${parked ? "NOT NULL" : "NULL"} AND id > ?
          ORDER BY id LIMIT ${Math.trunc(limit)}`,
        [kind, placeOf(after)],
      );
      return rows.map((row) => ({
        id: uuidText(row.id),
        identityId: row.identity_id === null ? undefined : uuidText(row.identity_id),
        position: Number(row.position),
        attempts: row.attempts,
        lastError: row.last_error,
        createdAt: row.created_at,
        parkedAt: row.parked_at ?? undefined,
        payload: payloads.open(uuidText(row.id), kind, row.payload),
      }));
    },

    async unpark(kind, after, limit) {
      const rows = await db.query<{ id: Buffer }>(
        `SELECT id FROM jobs WHERE kind = ? AND parked_at IS NOT NULL AND id > ?
          ORDER BY id LIMIT ${Math.trunc(limit)}`,
        [kind, placeOf(after)],
      );
      const queued = await changeEach(
        `UPDATE jobs SET parked_at = NULL, attempts = 0, lost = 0, run_at = UTC_TIMESTAMP(3)
          WHERE kind = ? AND id IN (:ids) AND parked_at IS NOT NULL`,
        kind,
        rows.map(({ id }) => id),
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return { queued, last: last && uuidText(last.id) };
    },

    repeat: (kind, ids) =>
      changeEach(
        `UPDATE jobs SET parked_at = NULL, attempts = 0, lost = 0, run_at = UTC_TIMESTAMP(3)
          WHERE kind = ? AND id IN (:ids) AND owner IS NULL`,
        kind,
        ids.map(uuidBytes),
      ),

    drop: (kind, ids) => changeEach("DELETE FROM jobs WHERE kind = ? AND id IN (:ids)", kind, ids.map(uuidBytes)),

    async purgeParked(age, batchSize) {
      // Also of kinds that the configuration has no more. By kind, because the index of what is due begins with it.
      const kinds = await db.query<{ kind: string }>("SELECT DISTINCT kind FROM jobs");
      let removed = 0;
      for (const { kind } of kinds) {
        const { affectedRows } = await db.execute(
          `DELETE FROM jobs WHERE kind = ? AND parked_at <= UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND
            ORDER BY parked_at LIMIT ${Math.trunc(batchSize)}`,
          [kind, age * MICROSECONDS],
        );
        if (affectedRows === batchSize) return batchSize;
        removed += affectedRows;
      }
      return removed;
    },
  };
};

/** Ids are compared as bytes: every one is higher than none. */
const placeOf = (id: string | undefined): Buffer => (id === undefined ? Buffer.alloc(0) : uuidBytes(id));
