import { columnSizes } from "../db/column-sizes.ts";
import type { Database, Sql } from "../db/sql.ts";
import { isOfStatement } from "../db/sql-error.ts";
import { sha256 } from "../lib/digest.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { inGroups, paddedList, powersOfTwo } from "../lib/in-groups.ts";
import type { NewJob, PlacedJob } from "./job.ts";
import type { Payloads } from "./payloads.ts";
import { type ClaimedJob, countClaim, type JobNode, type JobRows } from "./rows.ts";

/** A job that is queued under an id. */
type WithId<T> = T & { readonly id: string };

/**
 * The rows of jobs. What is claimed in the same turn of the event loop is claimed by one statement, and what is removed
 * while others are being removed as well.
 */
export interface JobStore extends Omit<JobRows, "due"> {
  /** Queues a job in the transaction of the change that causes it. */
  insert(sql: Sql, job: WithId<NewJob>): Promise<void>;
  /** Queues jobs whose places are known, by few statements. */
  insertAll(sql: Sql, jobs: readonly WithId<PlacedJob>[]): Promise<void>;
  /** Removes those of a kind that are about a person, whoever runs them. */
  cancel(sql: Sql, kind: string, identityId: string): Promise<void>;
  /** Makes sure that the one job of a recurring kind exists, can be read, and is not parked. */
  ensure(kind: string, delay: number): Promise<void>;
  /** Ids of jobs of a kind that are due, the longest due first. */
  due(kind: string, limit: number): Promise<readonly string[]>;
}

interface ClaimedRow {
  readonly id: Buffer;
  readonly kind: string;
  readonly attempts: number;
  readonly lost: number;
  readonly position: number | string;
  readonly is_ordered: number | string;
  readonly payload: Buffer;
}

const MOST_AT_ONCE = 64;
const REASON_LENGTH = columnSizes["jobs.last_error"];
const MICROSECONDS = 1000;
const soon = "UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND";
const lastPosition =
  "SELECT COALESCE(MAX(j.position), 0) + 1 AS position FROM jobs j WHERE j.kind = ? AND j.order_key = ?";

/** What the store needs. */
export interface JobStoreDeps extends JobNode {
  readonly db: Database;
  readonly payloads: Payloads;
}

/** Creates the store. Payloads are encrypted while they wait. */
export const createJobStore = ({ db, payloads, owner, lease }: JobStoreDeps): JobStore => {
  const { open, seal } = payloads;
  const columns = "id, kind, identity_id, order_key, position, payload, attempts, run_at, created_at";
  const row = `(?, ?, ?, ?, ?, ?, 0, ${soon}, UTC_TIMESTAMP(3))`;
  const insertJob = `INSERT INTO jobs (${columns}) VALUES ${row}`;

  const insertAll: JobStore["insertAll"] = async (sql, jobs) => {
    for (const some of powersOfTwo(jobs, MOST_AT_ONCE))
      await sql.execute(
        `INSERT INTO jobs (${columns}) VALUES ${some.map(() => row).join(", ")}`,
        some.flatMap(({ id, kind, payload, identityId, delay = 0, order }) => [
          uuidBytes(id),
          kind,
          identityId === undefined ? null : uuidBytes(identityId),
          order?.key ?? null,
          order?.position ?? 0,
          seal(id, kind, payload),
          delay * MICROSECONDS,
        ]),
      );
  };

  const claim = inGroups<string, ClaimedJob | undefined>({ most: MOST_AT_ONCE }, async (claimed) => {
    const ids = paddedList(claimed.map(uuidBytes));
    const places = ids.map(() => "?").join(", ");
    const { affectedRows } = await db.execute(
      `UPDATE jobs SET ${countClaim("attempts")}, owner = ?, run_at = ${soon}
        WHERE id IN (${places}) AND parked_at IS NULL AND run_at <= UTC_TIMESTAMP(3)`,
      [owner, lease * MICROSECONDS, ...ids],
    );
    if (affectedRows === 0) return claimed.map(() => undefined);
    const rows = await db.query<ClaimedRow>(
      `SELECT id, kind, attempts, lost, position, order_key IS NOT NULL AS is_ordered, payload
         FROM jobs WHERE id IN (${places}) AND owner = ?`,
      [...ids, owner],
    );
    const jobs = new Map(
      rows.map((row) => {
        const id = uuidText(row.id);
        const { kind, attempts: attempt, lost, is_ordered, payload } = row;
        const [position, isOrdered] = [Number(row.position), Number(is_ordered) === 1];
        return [id, { id, kind, attempt, lost, position, isOrdered, payload: open(id, kind, payload) }] as const;
      }),
    );
    return claimed.map((id) => jobs.get(id));
  });

  // One whose row is locked by somebody is no reason to do the others again. A database that is gone is gone for all.
  const remove = inGroups<string, undefined>(
    { most: MOST_AT_ONCE, atOnce: 1, retriesAlone: isOfStatement },
    async (removed) => {
      const ids = paddedList(removed.map(uuidBytes));
      await db.execute(`DELETE FROM jobs WHERE id IN (${ids.map(() => "?").join(", ")}) AND owner = ?`, [
        ...ids,
        owner,
      ]);
      return removed.map(() => undefined);
    },
  );

  return {
    insertAll,

    async insert(sql, job) {
      const { order, ...unplaced } = job;
      if (order?.position !== "last")
        return insertAll(sql, [{ ...unplaced, ...(order && { order: { ...order, position: order.position } }) }]);
      const { id, kind, payload, identityId, delay = 0 } = job;
      // Of a value in a list of columns a server does not know that it is binary.
      await sql.execute(
        `INSERT INTO jobs (${columns})
         SELECT UNHEX(?), ?, UNHEX(?), UNHEX(?), place.position, UNHEX(?), 0, ${soon}, UTC_TIMESTAMP(3)
           FROM (${lastPosition}) AS place`,
        [
          id.replaceAll("-", ""),
          kind,
          identityId?.replaceAll("-", "") ?? null,
          order.key.toString("hex"),
          seal(id, kind, payload).toString("hex"),
          delay * MICROSECONDS,
          kind,
          order.key,
        ],
      );
    },

    async cancel(sql, kind, identityId) {
      await sql.execute("DELETE FROM jobs WHERE identity_id = ? AND kind = ?", [uuidBytes(identityId), kind]);
    },

    async ensure(kind, delay) {
      // One row for each recurring kind, whichever node starts first: its id is made of the name.
      const bytes = sha256(`recurring job ${kind}`).subarray(0, 16);
      const id = uuidText(bytes);
      const payload = seal(id, kind, {});
      // One that is there may be parked, because the key of its payload is gone: it goes on with one that can be read.
      await db.execute(`${insertJob} ON DUPLICATE KEY UPDATE payload = ?, parked_at = NULL`, [
        bytes,
        kind,
        null,
        null,
        0,
        payload,
        delay * MICROSECONDS,
        payload,
      ]);
    },

    async due(kind, limit) {
      // A queue that has just filled up has no statistics yet: without the hint all that waits is read for each row.
      const rows = await db.query<{ id: Buffer }>(
        `SELECT j.id FROM jobs j
          WHERE j.parked_at IS NULL AND j.run_at <= UTC_TIMESTAMP(3) AND j.kind = ?
            AND (j.order_key IS NULL OR NOT EXISTS (
              SELECT 1 FROM jobs e FORCE INDEX (jobs_order)
               WHERE e.kind = j.kind AND e.order_key = j.order_key AND e.parked_at IS NULL
                 AND (e.position < j.position OR (e.position = j.position AND e.id < j.id))))
          ORDER BY j.run_at LIMIT ${Math.trunc(limit)}`,
        [kind],
      );
      return rows.map(({ id }) => uuidText(id));
    },

    claim,
    remove,

    async renew(id) {
      const { affectedRows } = await db.execute(`UPDATE jobs SET run_at = ${soon} WHERE id = ? AND owner = ?`, [
        lease * MICROSECONDS,
        uuidBytes(id),
        owner,
      ]);
      return affectedRows === 1;
    },

    async release(id, { delay, reason, attempts }) {
      await db.execute(
        `UPDATE jobs SET owner = NULL, run_at = ${soon}, attempts = ?, lost = 0, last_error = ?
          WHERE id = ? AND owner = ?`,
        [delay * MICROSECONDS, attempts, reason.slice(0, REASON_LENGTH), uuidBytes(id), owner],
      );
    },

    async park(id, reason) {
      await db.execute(
        "UPDATE jobs SET owner = NULL, parked_at = UTC_TIMESTAMP(3), last_error = ? WHERE id = ? AND owner = ?",
        [reason.slice(0, REASON_LENGTH), uuidBytes(id), owner],
      );
    },
  };
};
