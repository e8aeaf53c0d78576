import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";

/** MB per million people: what their rows and indexes take, with room. */
const PER_MILLION = 4096;
const LEAST = 256;

/**
 * Gives a private database the memory that a server of so many people has: the one that comes with Ostiary has 64 MB,
 * and would measure the disk. What a commit guarantees stays as it is.
 *
 * @returns MB of the buffer pool; the redo log gets a quarter of it
 */
export const sizeDatabase = async (socketPath: string, people: number): Promise<number> => {
  const pool = Math.max(LEAST, Math.ceil((people / 1_000_000) * PER_MILLION));
  const connection = await createConnection({ socketPath, user: "root" });
  try {
    const [rows] = await connection.query("SELECT VERSION() AS version");
    const isMariaDb = (rows as { version: string }[])[0]?.version.includes("MariaDB") === true;
    await connection.query(`SET GLOBAL innodb_buffer_pool_size = ${pool * 1024 * 1024}`);
    await connection.query(
      `SET GLOBAL ${isMariaDb ? "innodb_log_file_size" : "innodb_redo_log_capacity"} = ${(pool / 4) * 1024 * 1024}`,
    );
  } finally {
    await connection.end();
  }
  return pool;
};

/** Pages of a buffer pool that may wait to be written while something is measured; seconds until they are so few. */
const [FEW_PAGES, LONGEST] = [500, 180];

/** Waits until what was filled in is on disk, so that writing it is no part of what is measured next. */
export const writeBack = async (socketPath: string): Promise<void> => {
  const connection = await createConnection({ socketPath, user: "root" });
  try {
    const [before] = await connection.query(
      `SELECT @@GLOBAL.innodb_max_dirty_pages_pct AS share, @@GLOBAL.innodb_io_capacity AS pages,
        @@GLOBAL.innodb_io_capacity_max AS most`,
    );
    const { share, pages, most } = (before as Record<"share" | "pages" | "most", number>[])[0] ?? {};
    await connection.query("SET GLOBAL innodb_io_capacity_max = 20000, GLOBAL innodb_io_capacity = 20000");
    await connection.query("SET GLOBAL innodb_max_dirty_pages_pct = 0");
    for (let seconds = 0; seconds < LONGEST; seconds++) {
      const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'");
      if (Number((rows as { Value: string }[])[0]?.Value) < FEW_PAGES) break;
      await sleep(1_000);
    }
    await connection.query(`SET GLOBAL innodb_max_dirty_pages_pct = ${Number(share ?? 90)}`);
    await connection.query(`SET GLOBAL innodb_io_capacity = ${Number(pages ?? 200)}`);
    await connection.query(`SET GLOBAL innodb_io_capacity_max = ${Number(most ?? 2000)}`);
  } finally {
    await connection.end();
  }
};
