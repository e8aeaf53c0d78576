import { createHmac } from "node:crypto";
import type { Database, Repeatable, Sql, SqlValue } from "../db/sql.ts";
import { isOutOfRange } from "../db/sql-error.ts";

/*
 * Limits are counted in the database, so that they are right on several nodes
 * and survive a restart. What is counted is a keyed digest: no identifier and no
 * address of a network stands in the table.
 */

/** Something that is counted, and how often it may happen in a window. */
export interface Bucket {
  readonly digest: Buffer;
  readonly limit: number;
  /** Milliseconds, where its window is another than that of those that it is counted with. */
  readonly window?: number;
  /** How many are counted at once. Default 1. */
  readonly by?: number;
  /** Whether many requests share it: it is locked last, so that whoever waits for another one holds up nobody. */
  readonly isShared?: boolean;
}

/** What a bucket holds in the window that goes on. */
export interface Count {
  readonly failures: number;
  readonly expiresAt: Date;
}

/** Makes buckets of what they count; `key` makes the digests. */
export const createBuckets =
  (key: string) =>
  (kind: string, value: string, limit: number): Bucket => ({
    digest: createHmac("sha256", key).update(`attempts ${kind} ${value}`).digest(),
    limit,
  });

/** Reads what buckets hold, in their order; undefined where nothing is counted in a window that goes on. */
export const readCounts = async (
  sql: Sql,
  buckets: readonly Bucket[],
  now: Date,
): Promise<readonly (Count | undefined)[]> => {
  const rows = await sql.query<{ bucket: Buffer; failures: number; expires_at: Date }>(
    `SELECT bucket, failures, expires_at FROM attempts WHERE bucket IN (${buckets.map(() => "?").join(", ")})
      AND expires_at > ?`,
    [...buckets.map(({ digest }) => digest), now],
  );
  return buckets.map(({ digest }) => {
    const row = rows.find(({ bucket }) => bucket.equals(digest));
    return row && { failures: row.failures, expiresAt: row.expires_at };
  });
};

/**
 * Counts one more in each bucket (or as many as it says) and returns what they hold then, in their order; all by one
 * statement, and by a second one only where there was something to count on. An expired window begins again. A
 * statement is harmless to repeat after a deadlock: nothing was counted then.
 *
 * @param window milliseconds
 */
export const countOne = async (
  sql: Sql,
  buckets: readonly Bucket[],
  window: number,
  now: Date,
): Promise<readonly (Count | undefined)[]> => {
  const fresh = buckets.map((bucket) => newRow(bucket, window, now));
  const { affectedRows } = await sql.execute(
    `${insertRows(fresh)}
       ON DUPLICATE KEY UPDATE failures = IF(expires_at > ?, failures + VALUES(failures), VALUES(failures)),
         expires_at = IF(expires_at > ?, expires_at, VALUES(expires_at))`,
    [...valuesOf(fresh), now, now],
    // Counted twice at worst.
    "same",
  );
  // A new row counts as one row, a changed one as two.
  return affectedRows === fresh.length
    ? fresh.map(({ failures, expiresAt }) => ({ failures, expiresAt }))
    : readCounts(sql, buckets, now);
};

/**
 * Counts in all buckets if none gets beyond its limit by it, and in none otherwise; by one statement that commits by
 * itself. Says whether it counted.
 *
 * @param window milliseconds
 * @param repeatable `same`: counted twice at worst
 */
export const countIfWithin = async (
  db: Database,
  buckets: readonly Bucket[],
  window: number,
  now: Date,
  repeatable: Extract<Repeatable, "same" | "once">,
): Promise<boolean> => {
  const fresh = buckets.map((bucket) => newRow(bucket, window, now));
  if (fresh.some(({ failures, limit }) => failures > limit)) return false;
  // Beyond its limit a row would get a value that its column cannot hold: the whole statement is undone then.
  const sql = `${insertRows(fresh)}
     ON DUPLICATE KEY UPDATE
       failures = CASE WHEN expires_at <= ? THEN VALUES(failures)
         WHEN failures + VALUES(failures) <= CASE bucket ${fresh.map(() => "WHEN ? THEN ?").join(" ")} END
         THEN failures + VALUES(failures) ELSE -1 END,
       expires_at = IF(expires_at > ?, expires_at, VALUES(expires_at))`;
  const limits = fresh.flatMap(({ digest, limit }) => [digest, limit]);
  try {
    await db.execute(sql, [...valuesOf(fresh), now, ...limits, now], repeatable);
    return true;
  } catch (error) {
    if (isOutOfRange(error)) return false;
    throw error;
  }
};

/** What a bucket gets where there was nothing to count on. */
const newRow = ({ digest, limit, isShared = false, by = 1, window }: Bucket, windowOfAll: number, now: Date) => ({
  digest,
  limit,
  isShared,
  failures: by,
  expiresAt: new Date(now.getTime() + (window ?? windowOfAll)),
});

type NewRow = ReturnType<typeof newRow>;

const insertRows = (rows: readonly NewRow[]): string =>
  `INSERT INTO attempts (bucket, failures, expires_at) VALUES ${rows.map(() => "(?, ?, ?)").join(", ")}`;

/** Sorted, so that two statements lock in one order. */
const valuesOf = (rows: readonly NewRow[]): readonly SqlValue[] =>
  rows
    .toSorted((a, b) => Number(a.isShared) - Number(b.isShared) || Buffer.compare(a.digest, b.digest))
    .flatMap(({ digest, failures, expiresAt }) => [digest, failures, expiresAt]);

/**
 * Takes back what `countOne` counted, in the windows in which it did. A window
 * in which nothing is left has ended, so that the next one begins with what fails.
 *
 * @param counts what was read after counting, in the order of the buckets
 */
export const uncountOne = async (
  sql: Sql,
  buckets: readonly Bucket[],
  counts: readonly (Count | undefined)[],
  now: Date,
): Promise<void> => {
  const counted = buckets.flatMap(({ digest, by = 1 }, index) => {
    const { expiresAt } = counts[index] ?? {};
    return expiresAt === undefined ? [] : [{ digest, expiresAt, by }];
  });
  for (const by of new Set(counted.map((each) => each.by))) {
    const same = counted.filter((each) => each.by === by);
    // The sum keeps the server from looking the rows up by the index on their end.
    await sql.execute(
      `UPDATE attempts SET expires_at = IF(failures = ?, ?, expires_at), failures = failures - ?
        WHERE bucket IN (${same.map(() => "?").join(", ")}) AND failures >= ?
          AND (${same.map(() => "(bucket = ? AND expires_at + INTERVAL 0 SECOND = ?)").join(" OR ")})`,
      [
        ...[by, now, by],
        ...same.map(({ digest }) => digest),
        by,
        ...same.flatMap(({ digest, expiresAt }) => [digest, expiresAt]),
      ],
    );
  }
};

/** Whole seconds until a window ends, one at least: what `Retry-After` says. */
export const secondsUntil = (end: Date, now: Date): number =>
  Math.max(1, Math.ceil((end.getTime() - now.getTime()) / 1000));
