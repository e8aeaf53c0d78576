import { createHmac } from "node:crypto";
import type { Sql } from "../db/sql.ts";

/*
 * Limits are counted in the database, so that they are right on several nodes
 * and survive a restart. What is counted is a keyed digest: no identifier and no
 * address of a network stands in the table.
 */

/** Something that is counted, and how often it may happen in a window. */
export interface Bucket {
  readonly digest: Buffer;
  readonly limit: number;
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
    `SELECT bucket, failures, expires_at FROM attempts WHERE bucket IN (${buckets.map(() => "?").join(", ")}) AND expires_at > ?`,
    [...buckets.map(({ digest }) => digest), now],
  );
  return buckets.map(({ digest }) => {
    const row = rows.find(({ bucket }) => bucket.equals(digest));
    return row && { failures: row.failures, expiresAt: row.expires_at };
  });
};

/**
 * Counts one more in each bucket, each by a statement of its own, because
 * buckets may lie on several shards and none should wait for another. A window
 * that is over begins anew. A statement is harmless to repeat after a deadlock:
 * nothing was counted then.
 *
 * @param window milliseconds
 */
export const countOne = async (sql: Sql, buckets: readonly Bucket[], window: number, now: Date): Promise<void> => {
  const ends = new Date(now.getTime() + window);
  // Sorted, so that two transactions lock in one order.
  for (const { digest } of [...buckets].sort((a, b) => Buffer.compare(a.digest, b.digest)))
    await sql.execute(
      `INSERT INTO attempts (bucket, failures, expires_at) VALUES (?, 1, ?)
       ON DUPLICATE KEY UPDATE failures = IF(expires_at > ?, failures + 1, 1), expires_at = IF(expires_at > ?, expires_at, ?)`,
      [digest, ends, now, now, ends],
      // Counted twice at worst.
      "same",
    );
};

/**
 * Takes back what `countOne` counted, in the windows in which it did. A window
 * in which nothing is left is over, so that the next one begins with what fails.
 *
 * @param counts what was read after counting, in the order of the buckets
 */
export const uncountOne = async (
  sql: Sql,
  buckets: readonly Bucket[],
  counts: readonly (Count | undefined)[],
  now: Date,
): Promise<void> => {
  for (const [index, { digest }] of buckets.entries()) {
    const { expiresAt } = counts[index] ?? {};
    if (expiresAt === undefined) continue;
    // The sum keeps the server from looking the row up by the index on its end.
    await sql.execute(
      `UPDATE attempts SET expires_at = IF(failures = 1, ?, expires_at), failures = failures - 1
        WHERE bucket = ? AND expires_at + INTERVAL 0 SECOND = ? AND failures > 0`,
      [now, digest, expiresAt],
    );
  }
};

/** Whole seconds until a window is over, one at least: what `Retry-After` says. */
export const secondsUntil = (end: Date, now: Date): number =>
  Math.max(1, Math.ceil((end.getTime() - now.getTime()) / 1000));
