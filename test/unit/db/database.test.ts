import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { awaitDatabase } from "../../../src/db/await-database.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../../../src/db/private.ts";
import { readJson } from "../../../src/db/read-json.ts";
import type { Database, Sql } from "../../../src/db/sql.ts";
import { DatabaseUnavailable, isDuplicate, SqlError } from "../../../src/db/sql-error.ts";
import { openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import "../../setup/seeded.ts";

let fresh: FreshDatabase;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 10 });
  await db.run(`CREATE TABLE things (
    id BINARY(16) NOT NULL PRIMARY KEY, name VARCHAR(300) NULL, n BIGINT NULL, doc JSON NULL, at DATETIME(3) NULL, flag
    TINYINT NULL,
    UNIQUE KEY things_name (name)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
});

afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  await db.execute("DELETE FROM things");
});

const id = (n: number) => Buffer.alloc(16, n);
const insert = (sql: Sql, n: number, name: string | null = null) =>
  sql.execute("INSERT INTO things (id, name, n) VALUES (?, ?, ?)", [id(n), name, n]);
const count = async () => (await db.query<{ c: number }>("SELECT COUNT(*) AS c FROM things"))[0]?.c;

describe("statements", () => {
  it("give back what was put in", async () => {
    const at = new Date("2026-02-03T04:05:06.789Z");
    await db.execute("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?)", [
      id(1),
      "Ä😀",
      9_007_199_254_740_993n,
      JSON.stringify({ a: [1, "x"] }),
      at,
      true,
    ]);
    const [row] = await db.query("SELECT * FROM things WHERE id = ? LIMIT ?", [id(1), 1]);
    expect(row).toEqual({ id: id(1), name: "Ä😀", n: "9007199254740993", doc: expect.any(String), at, flag: 1 });
    expect(readJson(row?.doc)).toEqual({ a: [1, "x"] });
  });

  it("tell a JSON string from a JSON null from no JSON", async () => {
    await db.execute("INSERT INTO things (id, doc) VALUES (?, ?), (?, ?), (?, ?)", [
      id(1),
      '"null"',
      id(2),
      "null",
      id(3),
      null,
    ]);
    const rows = await db.query<{ doc: unknown }>("SELECT doc FROM things ORDER BY id");
    expect(rows.map((r) => readJson(r.doc))).toEqual(["null", null, null]);
  });

  it("count rows that were matched, changed or not", async () => {
    await insert(db, 1, "same");
    expect(await db.execute("UPDATE things SET name = ? WHERE id = ?", ["same", id(1)])).toMatchObject({
      affectedRows: 1,
    });
    expect(await db.execute("UPDATE things SET name = ? WHERE id = ?", ["same", id(9)])).toMatchObject({
      affectedRows: 0,
    });
  });

  it("never take a value for SQL", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 60 }),
          fc.constantFrom("' OR 1=1 -- ", "\\'; DROP TABLE things; --", "x\0y", '"', "`"),
        ),
        async (text) => {
          const [row] = await db.query<{ t: string }>("SELECT ? AS t", [text]);
          expect(row?.t).toBe(text);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("are refused when a value is undefined, and the connection goes on", async () => {
    await expect(db.query("SELECT ?", [undefined as never])).rejects.toThrow(/undefined/);
    await expect(db.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
  });

  it("say which unique key refused, and never the value", async () => {
    await insert(db, 1, "ann@example.com");
    const error = await insert(db, 2, "ann@example.com").catch((e: unknown) => e);
    expect(isDuplicate(error)).toBe(true);
    expect(isDuplicate(error, "things_name")).toBe(true);
    expect(isDuplicate(error, "PRIMARY")).toBe(false);
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain("ann@");
  });

  it("keep values out of every error", async () => {
    const secret = "canary-4711";
    for (const [sql, params] of [
      ["INSERT INTO things (id, n) VALUES (?, ?)", [id(1), secret]],
      ["INSERT INTO things (id, doc) VALUES (?, ?)", [id(1), `{${secret}`]],
      ["INSERT INTO things (id, at) VALUES (?, ?)", [id(1), secret]],
      ["INSERT INTO things (id, name) VALUES (?, ?)", [id(1), secret.repeat(100)]],
      ["SELECT * FROM things WHERE CAST(? AS SIGNED) = missing", [secret]],
    ] as const) {
      const error = await db.execute(sql, params).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SqlError);
      expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(secret);
    }
  });

  it("run in UTC, strictly, and READ COMMITTED, whatever the server prefers", async () => {
    await db.ping();
    const isolation = db.dialect === "mariadb" ? "@@session.tx_isolation" : "@@session.transaction_isolation";
    const [row] = await db.query(
      `SELECT @@session.time_zone AS tz, @@session.sql_mode AS mode, ${isolation} AS iso,
        @@session.collation_connection AS coll`,
    );
    expect(row).toMatchObject({
      tz: "+00:00",
      iso: "READ-COMMITTED",
      mode: expect.stringContaining("STRICT_ALL_TABLES"),
      coll: expect.stringMatching(/^utf8mb4/),
    });
    expect(db.dialect).toBe(inject("dialect"));
    expect(db.version).toMatch(/^\d+\.\d+\./);
  });
});

describe("a transaction", () => {
  it("is there as a whole or not at all", async () => {
    await db.transaction(async (tx) => {
      await insert(tx, 1);
      await insert(tx, 2);
    });
    expect(await count()).toBe(2);
    const stop = new Error("stop");
    await expect(
      db.transaction(async (tx) => {
        await insert(tx, 3);
        throw stop;
      }),
    ).rejects.toBe(stop);
    expect(await count()).toBe(2);
  });

  it("may go on after a duplicate", async () => {
    await insert(db, 1, "taken");
    const outcome = await db.transaction(async (tx) => {
      await insert(tx, 2, "free");
      return insert(tx, 3, "taken").then(
        () => "inserted",
        (e: unknown) => (isDuplicate(e, "things_name") ? "taken" : "other"),
      );
    });
    expect(outcome).toBe("taken");
    expect(await count()).toBe(2);
  });

  it("refuses statements when it is over", async () => {
    let leaked: Sql | undefined;
    await db.transaction(async (tx) => {
      leaked = tx;
    });
    await expect(leaked?.query("SELECT 1")).rejects.toThrow("over");
  });

  it("runs again after a deadlock, so that both of two are applied", async () => {
    await db.execute("INSERT INTO things (id, n) VALUES (?, 0), (?, 0)", [id(1), id(2)]);
    let runs = 0;
    const both = (first: number, second: number) =>
      db.transaction(async (tx) => {
        runs++;
        await tx.execute("UPDATE things SET n = n + 1 WHERE id = ?", [id(first)]);
        await sleep(100);
        await tx.execute("UPDATE things SET n = n + 1 WHERE id = ?", [id(second)]);
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    expect(runs).toBeGreaterThan(2);
    expect(await db.query("SELECT n FROM things ORDER BY id")).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("is not committed in part when its work swallows the deadlock", async () => {
    await db.execute("INSERT INTO things (id, n) VALUES (?, 0), (?, 0)", [id(1), id(2)]);
    const both = (first: number, second: number) =>
      db.transaction(async (tx) => {
        await tx.execute("UPDATE things SET n = n + 1 WHERE id = ?", [id(first)]);
        await sleep(100);
        await tx.execute("UPDATE things SET n = n + 1 WHERE id = ?", [id(second)]).catch(() => undefined);
      });
    await Promise.all([both(1, 2), both(2, 1)]);
    expect(await db.query("SELECT n FROM things ORDER BY id")).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("gives up after the last attempt", async () => {
    await db.run(
      "CREATE PROCEDURE conflict() SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'",
    );
    let runs = 0;
    const error = await db
      .transaction(
        async (tx) => {
          runs++;
          await tx.execute("CALL conflict()");
        },
        { attempts: 3 },
      )
      .catch((e: unknown) => e);
    expect(runs).toBe(3);
    expect(error).toMatchObject({ errno: 1213, transient: true });
  });

  it("runs again when its connection is lost before COMMIT, and is applied once", async () => {
    let runs = 0;
    await db.transaction(async (tx) => {
      runs++;
      await insert(tx, 1);
      if (runs === 1) await kill(tx);
      await insert(tx, 2);
    });
    expect(runs).toBe(2);
    expect(await count()).toBe(2);
  });

  it("is not repeated when its connection is lost during COMMIT", async () => {
    const proxy = await openDatabaseProxy(fresh);
    const through = createDatabase({ dsn: proxy.dsn, poolSize: 2 });
    proxy.cutAfter("COMMIT");
    let runs = 0;
    const error = await through
      .transaction(async (tx) => {
        runs++;
        await insert(tx, 7);
      })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ outcome: "unknown", reason: "lost" });
    expect(runs).toBe(1);
    expect(await count()).toBe(1);
    await through.close();
    await proxy.close();
  });

  it("keeps every increment of many at once", async () => {
    await insert(db, 1);
    await db.execute("UPDATE things SET n = 0");
    await Promise.all(
      Array.from({ length: 60 }, () =>
        db.transaction(async (tx) => {
          const [row] = await tx.query<{ n: number }>("SELECT n FROM things WHERE id = ? FOR UPDATE", [id(1)]);
          await tx.execute("UPDATE things SET n = ? WHERE id = ?", [(row?.n ?? 0) + 1, id(1)]);
        }),
      ),
    );
    expect(await db.query("SELECT n FROM things")).toEqual([{ n: 60 }]);
  });
});

describe("a server that is lost", () => {
  let dataDir: string;
  let server: PrivateDatabase;
  let own: Database;

  const start = () =>
    startPrivateDatabase({
      dataDir,
      engine: process.env.ENGINE === "mysql" ? "mysql" : "mariadb",
      log: { info: () => undefined, error: () => undefined },
    });

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "ostiary-lost-"));
    server = await start();
    own = createDatabase({ dsn: server.dsn, poolSize: 3 });
    await own.run("CREATE TABLE t (n INT)");
  });

  afterAll(async () => {
    await own?.close();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("is an error at once, and works again when it is back", async () => {
    await Promise.all([1, 2, 3].map(() => own.query("SELECT SLEEP(0.05)")));
    process.kill(server.pid, "SIGKILL");
    await server.stop();
    const started = Date.now();
    const errors = await Promise.all([
      own.query("SELECT 1").catch((e: unknown) => e),
      own.execute("INSERT INTO t VALUES (1)").catch((e: unknown) => e),
      own.transaction(async (tx) => void (await tx.query("SELECT 1"))).catch((e: unknown) => e),
      own.ping().catch((e: unknown) => e),
    ]);
    for (const error of errors) expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(Date.now() - started).toBeLessThan(8_000);
    server = await start();
    await awaitDatabase(own);
    await expect(own.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
  }, 60_000);

  it("is waited for while it starts", async () => {
    await server.stop();
    const warnings: string[] = [];
    const waiting = awaitDatabase(own, {
      log: { info: () => undefined, warn: (_, message) => void warnings.push(message) },
    });
    await sleep(150);
    server = await start();
    await waiting;
    expect(warnings[0]).toBe("the database does not answer yet");
    await server.stop();
    await expect(awaitDatabase(own, { timeout: 300 })).rejects.toBeInstanceOf(DatabaseUnavailable);
    server = await start();
  }, 60_000);

  it("does not hold a ping that it never answers", async () => {
    await own.ping();
    process.kill(server.pid, "SIGSTOP");
    try {
      // All its threads stand still a moment later.
      await sleep(100);
      await expect(own.ping()).rejects.toMatchObject({ name: "DatabaseUnavailable", reason: "timeout" });
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await own.ping();
  });
});

describe("connections", () => {
  it("that were closed by the server while idle do no harm to a read", async () => {
    const own = createDatabase({ dsn: fresh.dsn, poolSize: 1 });
    const [row] = await own.query<{ c: number }>("SELECT CONNECTION_ID() AS c");
    await db.run(`KILL ${row?.c}`);
    await expect(own.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
    await own.close();
  });

  it("that all are in use are waited for, in the order of asking", async () => {
    const own = createDatabase({ dsn: fresh.dsn, poolSize: 1 });
    const ended: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, n) => own.query("SELECT SLEEP(0.005)").then(() => ended.push(n))));
    expect(ended).toEqual([...ended].sort((a, b) => a - b));
    await own.close();
  });

  it("are as many as the dsn says, and no older", async () => {
    const own = createDatabase({ dsn: `${fresh.dsn}&max_conns=2&max_conn_lifetime=1ms`, poolSize: 10 });
    const ids = async () =>
      (
        await Promise.all(
          Array.from({ length: 6 }, () => own.query<{ c: number }>("SELECT CONNECTION_ID() AS c, SLEEP(0.01)")),
        )
      ).map(([row]) => row?.c);
    const first = await ids();
    await sleep(20);
    const [[count]] = await Promise.all([
      db.query<{ n: number }>(
        `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()
          AND info LIKE '%SLEEP(0.01)%'`,
        [fresh.name],
      ),
      ids(),
    ]);
    expect(count?.n).toBeLessThanOrEqual(2);
    expect(new Set(first).size).toBeGreaterThan(2);
    await own.close();
  });

  it("end with the statements that run when the database is closed, and no more are taken", async () => {
    const own = createDatabase({ dsn: fresh.dsn, poolSize: 2 });
    const running = own.query("SELECT SLEEP(0.3) AS s");
    await sleep(50);
    await own.close();
    await expect(running).resolves.toEqual([{ s: 0 }]);
    await expect(own.query("SELECT 1")).rejects.toMatchObject({ name: "DatabaseUnavailable" });
  });
});

const kill = async (tx: Sql) => {
  const [row] = await tx.query<{ c: number }>("SELECT CONNECTION_ID() AS c");
  await db.run(`KILL ${row?.c}`);
};
