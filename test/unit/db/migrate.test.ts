import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { migrate, pendingMigrations } from "../../../src/db/migrate.ts";
import { readMigrations, statementsDigest } from "../../../src/db/migration-files.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { splitStatements } from "../../../src/db/statements.ts";
import { freshDatabase } from "../../setup/fresh-database.ts";

const script = fileURLToPath(new URL("./migrate-process.ts", import.meta.url));
let db: Database;
let dsn: string;
let folder: URL;

beforeEach(async () => {
  const fresh = await freshDatabase();
  dsn = fresh.dsn;
  db = createDatabase({ dsn, poolSize: 10 });
  const path = mkdtempSync(join(tmpdir(), "ostiary-migrations-"));
  folder = pathToFileURL(`${path}/`);
  return async () => {
    await db.close();
    await fresh.drop();
    rmSync(path, { recursive: true, force: true });
  };
});

const file = (name: string, sql: string) => writeFileSync(new URL(`${name}.sql`, folder), sql);
const inProcess = promisify(execFile);
const node = (seconds = 30) => inProcess(process.execPath, [script, dsn, folder.href, String(seconds)]);

describe("migrating", () => {
  it("applies the project's own baseline", async () => {
    expect(await pendingMigrations(db)).toContain("0001_baseline");
    const { applied } = await migrate({ db });
    expect(applied).toContain("0001_baseline");
    expect(await pendingMigrations(db)).toEqual([]);
    expect((await migrate({ db })).applied).toEqual([]);
  });

  it("applies what is new, in the order of the numbers", async () => {
    file("0002_second", "ALTER TABLE a ADD COLUMN m INT;");
    file("0001_first", "CREATE TABLE a (n INT); -- one; two\nINSERT INTO a VALUES (1);\n");
    expect(await pendingMigrations(db, folder)).toEqual(["0001_first", "0002_second"]);
    expect((await migrate({ db, folder })).applied).toEqual(["0001_first", "0002_second"]);
    file("0003_third", "UPDATE a SET m = n");
    expect(await pendingMigrations(db, folder)).toEqual(["0003_third"]);
    expect((await migrate({ db, folder })).applied).toEqual(["0003_third"]);
    expect(await db.query("SELECT * FROM a")).toEqual([{ n: 1, m: 1 }]);
  });

  it("refuses when an applied statement was changed, removed or added, but not for a comment", async () => {
    file("0001_a", "CREATE TABLE a (n INT);\nCREATE TABLE b (n INT);\n");
    await migrate({ db, folder });
    file("0001_a", "-- said better\nCREATE TABLE a (n INT);\n\nCREATE TABLE   b (n INT);\n");
    await migrate({ db, folder });
    for (const changed of [
      "CREATE TABLE a (n BIGINT);\nCREATE TABLE b (n INT);",
      "CREATE TABLE a (n INT);",
      "CREATE TABLE a (n INT);\nCREATE TABLE b (n INT);\nCREATE TABLE c (n INT);",
    ]) {
      file("0001_a", changed);
      await expect(migrate({ db, folder })).rejects.toThrow("0001_a was changed");
    }
  });

  it("refuses names without a number and numbers that stand twice", async () => {
    file("0001_a", "SELECT 1");
    file("0001_b", "SELECT 1");
    await expect(migrate({ db, folder })).rejects.toThrow("number 0001");
    rmSync(new URL("0001_b.sql", folder));
    file("later", "SELECT 1");
    await expect(pendingMigrations(db, folder)).rejects.toThrow("later.sql");
  });

  it("goes on with a corrected file after a statement failed", async () => {
    file("0001_a", "CREATE TABLE a (n INT); CREATE TABLE b (oops);");
    await expect(migrate({ db, folder })).rejects.toThrow();
    expect(await pendingMigrations(db, folder)).toEqual(["0001_a"]);
    file("0001_a", "CREATE TABLE a (n INT); CREATE TABLE b (n INT); INSERT INTO b VALUES (1);");
    expect((await migrate({ db, folder })).applied).toEqual(["0001_a"]);
    expect(await db.query("SELECT * FROM b")).toEqual([{ n: 1 }]);
  });

  it("lets a real mistake through on a fresh run, although it looks like work done", async () => {
    file("0001_a", "CREATE TABLE a (n INT); CREATE TABLE a (n INT);");
    await expect(migrate({ db, folder })).rejects.toMatchObject({ errno: 1050 });
  });

  it("is safe from four nodes at once: each statement runs once", async () => {
    const additions = Array.from(
      { length: 10 },
      (_, i) => `ALTER TABLE a ADD COLUMN c${i} INT; INSERT INTO a (n) VALUES (${i});`,
    );
    file("0001_a", ["CREATE TABLE a (n INT);", ...additions].join("\n"));
    file("0002_b", "CREATE TABLE b (n INT); INSERT INTO b VALUES (1);");
    const nodes = await Promise.all(Array.from({ length: 4 }, () => node()));
    expect(nodes.map(({ stdout }) => stdout).sort()).toEqual(['["0001_a","0002_b"]', "[]", "[]", "[]"]);
    expect(await db.query("SELECT (SELECT COUNT(*) FROM a) AS a, (SELECT COUNT(*) FROM b) AS b")).toEqual([
      { a: 10, b: 1 },
    ]);
  });

  it("is taken over when a node is killed between statements", async () => {
    const statements = Array.from(
      { length: 30 },
      (_, i) => `CREATE TABLE t${i} (n INT); INSERT INTO t${i} VALUES (${i}); DO SLEEP(0.05);`,
    );
    file("0001_slow", statements.join("\n"));
    for (const after of [500, 700, 900]) {
      const killed = spawn(process.execPath, [script, dsn, folder.href, "1"], { stdio: "ignore" });
      await sleep(after);
      killed.kill("SIGKILL");
    }
    const { stdout } = await node(1);
    expect(stdout).toBe('["0001_slow"]');
    const rows = await db.query(statements.map((_, i) => `SELECT COUNT(*) AS c FROM t${i}`).join(" UNION ALL "));
    expect(rows.every(({ c }) => c === 1)).toBe(true);
  });

  it("forgives the statement that a crash kept from being written down", async () => {
    file(
      "0001_a",
      "CREATE TABLE a (n INT); ALTER TABLE a ADD COLUMN m INT; CREATE INDEX a_m ON a (m); ALTER TABLE a DROP COLUMN n;",
    );
    await migrate({ db, folder });
    const statements = (await readMigrations(folder))[0]?.statements ?? [];
    for (const done of statements.keys()) {
      await db.run("DROP TABLE a");
      for (const statement of statements.slice(0, done + 1)) await db.run(statement);
      await db.execute("UPDATE schema_migrations SET done = ?, digest = ?, finished = 0", [
        done,
        statementsDigest(statements.slice(0, done)),
      ]);
      expect((await migrate({ db, folder })).applied).toEqual(["0001_a"]);
      expect((await db.query("SHOW COLUMNS FROM a")).map((c) => c.Field)).toEqual(["m"]);
    }
  });

  it("keeps the lease while one statement runs for long", async () => {
    file("0001_a", "CREATE TABLE a (n INT); DO SLEEP(3); INSERT INTO a VALUES (1);");
    const first = node(1);
    await sleep(1_500);
    const other = createDatabase({ dsn, poolSize: 2 });
    const second = migrate({ db: other, folder, leaseSeconds: 1 });
    expect((await first).stdout).toBe('["0001_a"]');
    expect((await second).applied).toEqual([]);
    expect(await db.query("SELECT * FROM a")).toEqual([{ n: 1 }]);
    await other.close();
  });

  it("tolerates what a newer release has applied", async () => {
    file("0001_a", "CREATE TABLE a (n INT);");
    file("0002_b", "CREATE TABLE b (n INT);");
    await migrate({ db, folder });
    rmSync(new URL("0002_b.sql", folder));
    const warnings: string[] = [];
    await migrate({ db, folder, log: { info: () => undefined, warn: (_, message) => void warnings.push(message) } });
    expect(warnings).toEqual(["the database has migrations of another release"]);
    expect(await pendingMigrations(db, folder)).toEqual([]);
  });
});

describe("a file of statements", () => {
  it("is split at semicolons outside of quotes and comments", () => {
    expect(
      splitStatements(
        "-- a person's; row\nCREATE TABLE a (\n  s VARCHAR(9) DEFAULT 'x;''y', -- it's; fine\n  `q;` INT # so; " +
          "is this\n);\n/* not; here */ INSERT INTO a VALUES ('it\\'s;', \"a;b\", 1-1, 4/2);;\n",
      ),
    ).toEqual([
      "CREATE TABLE a (\n  s VARCHAR(9) DEFAULT 'x;''y',  \n  `q;` INT  \n)",
      "INSERT INTO a VALUES ('it\\'s;', \"a;b\", 1-1, 4/2)",
    ]);
  });
});
