import type { JsonObject } from "@bufbuild/protobuf";
import { columnSizes } from "../db/column-sizes.ts";
import type { Database, Sql } from "../db/sql.ts";
import type { Aead } from "../lib/aead.ts";
import { sha256 } from "../lib/digest.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import type { NewJob } from "./job.ts";

/** A job that this node may do until its lease ends. */
export interface ClaimedJob {
  readonly id: string;
  readonly kind: string;
  readonly attempt: number;
  /** Undefined when the key that encrypted it is gone. */
  readonly payload: JsonObject | undefined;
}

/** How many jobs of a kind there are. */
export interface JobCount {
  readonly kind: string;
  readonly parked: boolean;
  readonly count: number;
}

/** The rows of jobs. Every time is the database's, so that clocks of nodes may differ. */
export interface JobStore {
  /** Queues a job in the transaction of the change that causes it. */
  insert(sql: Sql, id: string, job: NewJob): Promise<void>;
  /** Makes sure that the one job of a recurring kind exists, can be read, and is not parked. */
  ensure(kind: string, delay: number): Promise<void>;
  /** Ids of jobs of a kind that are due, the longest due first. */
  due(kind: string, limit: number): Promise<readonly string[]>;
  /** Takes a job for `lease` milliseconds; undefined when another node was faster. */
  claim(id: string, owner: Buffer, lease: number): Promise<ClaimedJob | undefined>;
  /** Prolongs the lease; false when it was lost. */
  renew(id: string, owner: Buffer, lease: number): Promise<boolean>;
  /** Removes a job that is done. */
  remove(id: string, owner: Buffer): Promise<void>;
  /** Gives a job back: it is due again in `delay` milliseconds, with so many attempts behind it. */
  release(id: string, owner: Buffer, how: { delay: number; reason: string; attempts: number }): Promise<void>;
  /** Sets a job aside for the operator. */
  park(id: string, owner: Buffer, reason: string): Promise<void>;
  counts(): Promise<readonly JobCount[]>;
}

const REASON_LENGTH = columnSizes["jobs.last_error"];
const MICROSECONDS = 1000;
const soon = "UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND";

/** Creates the store. Payloads are encrypted while they wait. */
export const createJobStore = ({ db, aead }: { readonly db: Database; readonly aead: Aead }): JobStore => {
  const seal = (id: string, kind: string, payload: JsonObject): Buffer =>
    aead.encrypt(Buffer.from(JSON.stringify(payload)), `job|${kind}|${id}`);
  const open = (id: string, kind: string, sealed: Buffer): JsonObject | undefined => {
    const plain = aead.decrypt(sealed, `job|${kind}|${id}`);
    return plain && (JSON.parse(plain.toString("utf8")) as JsonObject);
  };
  const insertJob = `INSERT INTO jobs (id, kind, order_key, position, payload, attempts, run_at, created_at)
     VALUES (?, ?, ?, ?, ?, 0, ${soon}, UTC_TIMESTAMP(3))`;

  return {
    async insert(sql, id, { kind, payload, delay = 0, order }) {
      await sql.execute(insertJob, [
        uuidBytes(id),
        kind,
        order?.key ?? null,
        order?.position ?? 0,
        seal(id, kind, payload),
        delay * MICROSECONDS,
      ]);
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
        0,
        payload,
        delay * MICROSECONDS,
        payload,
      ]);
    },

    async due(kind, limit) {
      const rows = await db.query<{ id: Buffer }>(
        `SELECT j.id FROM jobs j
          WHERE j.parked_at IS NULL AND j.run_at <= UTC_TIMESTAMP(3) AND j.kind = ?
            AND (j.order_key IS NULL OR NOT EXISTS (
              SELECT 1 FROM jobs e
               WHERE e.kind = j.kind AND e.order_key = j.order_key AND e.parked_at IS NULL
                 AND (e.position < j.position OR (e.position = j.position AND e.id < j.id))))
          ORDER BY j.run_at LIMIT ${Math.trunc(limit)}`,
        [kind],
      );
      return rows.map(({ id }) => uuidText(id));
    },

    async claim(id, owner, lease) {
      const { affectedRows } = await db.execute(
        `UPDATE jobs SET owner = ?, attempts = attempts + 1, run_at = ${soon}
          WHERE id = ? AND parked_at IS NULL AND run_at <= UTC_TIMESTAMP(3)`,
        [owner, lease * MICROSECONDS, uuidBytes(id)],
      );
      if (affectedRows === 0) return undefined;
      const [row] = await db.query<{ kind: string; attempts: number; payload: Buffer }>(
        "SELECT kind, attempts, payload FROM jobs WHERE id = ? AND owner = ?",
        [uuidBytes(id), owner],
      );
      return row && { id, kind: row.kind, attempt: row.attempts, payload: open(id, row.kind, row.payload) };
    },

    async renew(id, owner, lease) {
      const { affectedRows } = await db.execute(`UPDATE jobs SET run_at = ${soon} WHERE id = ? AND owner = ?`, [
        lease * MICROSECONDS,
        uuidBytes(id),
        owner,
      ]);
      return affectedRows === 1;
    },

    async remove(id, owner) {
      await db.execute("DELETE FROM jobs WHERE id = ? AND owner = ?", [uuidBytes(id), owner]);
    },

    async release(id, owner, { delay, reason, attempts }) {
      await db.execute(
        `UPDATE jobs SET owner = NULL, run_at = ${soon}, attempts = ?, last_error = ?
          WHERE id = ? AND owner = ?`,
        [delay * MICROSECONDS, attempts, reason.slice(0, REASON_LENGTH), uuidBytes(id), owner],
      );
    },

    async park(id, owner, reason) {
      await db.execute(
        "UPDATE jobs SET owner = NULL, parked_at = UTC_TIMESTAMP(3), last_error = ? WHERE id = ? AND owner = ?",
        [reason.slice(0, REASON_LENGTH), uuidBytes(id), owner],
      );
    },

    async counts() {
      const rows = await db.query<{ kind: string; parked: number; n: number | string }>(
        "SELECT kind, parked_at IS NOT NULL AS parked, COUNT(*) AS n FROM jobs GROUP BY kind, parked_at IS NOT NULL",
      );
      return rows.map(({ kind, parked, n }) => ({ kind, parked: Number(parked) === 1, count: Number(n) }));
    },
  };
};
