import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHosts } from "../../../src/db/hosts.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { startPrivateDatabase } from "../../../src/db/private.ts";
import type { Database } from "../../../src/db/sql.ts";
import { parseDsn } from "../../../src/lib/dsn.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import { openWay, placeOf, type Way } from "../../setup/way.ts";

let fresh: FreshDatabase;
let one: Way;
let two: Way;
let db: Database;

beforeEach(async () => {
  fresh = await freshDatabase();
  [one, two] = [await openWay(placeOf(fresh.dsn)), await openWay(placeOf(fresh.dsn))];
  db = createDatabase({
    dsn: `mysql://root@tcp(127.0.0.1:${one.port}),tcp(127.0.0.1:${two.port})/${fresh.name}`,
    poolSize: 5,
  });
  await db.run("CREATE TABLE things (id INT PRIMARY KEY)");
});

afterEach(async () => {
  vi.useRealTimers();
  for (const way of [one, two]) way.close();
  await db.close();
  await fresh.drop();
});

const many = (count: number, from = 0) =>
  Promise.all(Array.from({ length: count }, (_, n) => db.execute("INSERT INTO things (id) VALUES (?)", [from + n])));
const count = async () => (await db.query<{ c: number }>("SELECT COUNT(*) AS c FROM things"))[0]?.c;

describe("several hosts", () => {
  it("are asked in their order: the second only when the first fails", async () => {
    await many(20);
    expect(one.made()).toBeGreaterThan(0);
    expect(two.made()).toBe(0);
  });

  it("stand in for each other: one dies, everything goes on, and when it is back it is used again", async () => {
    await many(10);
    one.cut();
    await sleep(50);
    await many(10, 100);
    await db.transaction(async (tx) => void (await tx.execute("INSERT INTO things (id) VALUES (?)", [200])));
    await db.ping();
    expect(await count()).toBe(21);
    expect(two.open()).toBeGreaterThan(0);

    one.mend();
    two.cut();
    await sleep(50);
    await many(10, 300);
    expect(await count()).toBe(31);
    expect(one.open()).toBeGreaterThan(0);
  });

  it("leave one that failed alone for two seconds", async () => {
    // The time passes when the test says so: on a busy machine two seconds are over before anything is asked.
    vi.useFakeTimers({ toFake: ["Date"] });
    const other = createDatabase({
      dsn: `mysql://root@tcp(127.0.0.1:${one.port}),tcp(127.0.0.1:${two.port})/${fresh.name}`,
      poolSize: 5,
    });
    try {
      const ask = () => Promise.all(Array.from({ length: 5 }, () => other.query("SELECT SLEEP(0.02)")));
      one.cut();
      await ask();
      one.mend();
      const made = one.made();
      vi.setSystemTime(Date.now() + 1_999);
      await ask();
      expect(one.made()).toBe(made);
      vi.setSystemTime(Date.now() + 1);
      two.cut();
      await sleep(50);
      await ask();
      expect(one.made()).toBeGreaterThan(made);
    } finally {
      await other.close();
    }
  });

  it("do not wait for long for one that takes connections and says nothing", async () => {
    one.freeze();
    const started = Date.now();
    const other = createDatabase({
      dsn: `mysql://root@tcp(127.0.0.1:${one.port},127.0.0.1:${two.port})/${fresh.name}?timeout=1s`,
      poolSize: 2,
    });
    await expect(other.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
    expect(Date.now() - started).toBeLessThan(8_000);
    await other.close();
  });

  it("are all left when one falls silent: connections from before are not used again", async () => {
    // However long it takes on a busy machine, the silent one is left alone.
    vi.useFakeTimers({ toFake: ["Date"] });
    const other = createDatabase({
      dsn: [
        `mysql://root@tcp(127.0.0.1:${one.port})/${fresh.name}?readTimeout=1s`,
        `mysql://root@tcp(127.0.0.1:${two.port})/${fresh.name}`,
      ],
      poolSize: 5,
    });
    await Promise.all(Array.from({ length: 5 }, () => other.query("SELECT SLEEP(0.05)")));
    one.freeze();
    const answers = await Promise.allSettled(Array.from({ length: 15 }, () => other.query("SELECT 1 AS one")));
    expect(answers.filter(({ status }) => status === "rejected").length).toBeLessThanOrEqual(5);
    for (let n = 0; n < 10; n++) await expect(other.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
    await other.close();
  });

  it("are all asked before anything is refused, and refuse at once when none is there", async () => {
    one.cut();
    two.cut();
    const started = Date.now();
    await expect(db.query("SELECT 1")).rejects.toMatchObject({ name: "DatabaseUnavailable", outcome: "not-applied" });
    await expect(db.execute("INSERT INTO things (id) VALUES (1)")).rejects.toMatchObject({ reason: "refused" });
    expect(Date.now() - started).toBeLessThan(8_000);
    two.mend();
    await expect(db.query("SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
  });

  it("must lead to one database", () => {
    expect(() => createDatabase({ dsn: ["mysql://u@tcp(a)/one", "mysql://u@tcp(b)/two"] })).toThrow(
      /different databases/,
    );
  });
});

it("of several hosts one that is read-only is passed over", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "ostiary-locked-"));
  const server = await startPrivateDatabase({
    dataDir: folder,
    engine: process.env.ENGINE === "mysql" ? "mysql" : "mariadb",
    log: { info: () => undefined, error: () => undefined },
  });
  try {
    const locked = createDatabase({ dsn: server.dsn, poolSize: 1 });
    await locked.run(`CREATE DATABASE ${fresh.name}`);
    await locked.run("SET GLOBAL read_only = 1");
    one.lead(server.socketPath);
    await expect(db.query("SELECT DATABASE() AS d, @@global.read_only AS locked")).resolves.toMatchObject([
      { d: fresh.name },
    ]);
    const other = createDatabase({
      dsn: `mysql://root@tcp(127.0.0.1:${one.port},127.0.0.1:${two.port})/${fresh.name}`,
      poolSize: 2,
    });
    await expect(other.query("SELECT @@global.read_only AS locked")).resolves.toEqual([{ locked: 0 }]);
    await other.close();
    const alone = createDatabase({ dsn: `mysql://root@tcp(127.0.0.1:${one.port})/${fresh.name}`, poolSize: 1 });
    await expect(alone.query("SELECT @@global.read_only AS locked")).resolves.toEqual([{ locked: 1 }]);
    await alone.close();
    await locked.close();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

describe("the choice of a host", () => {
  const create = () => {
    const clock = { now: 0 };
    return { clock, hosts: createHosts([parseDsn("mysql://u@a,b,c/d")], () => clock.now) };
  };
  const name = (hosts: ReturnType<typeof createHosts>) => hosts.pick().address.host;

  it("is the first, then the next, and the first again after two seconds", () => {
    const { clock, hosts } = create();
    expect(name(hosts)).toBe("a");
    hosts.failed(hosts.pick());
    expect(name(hosts)).toBe("b");
    clock.now = 1_999;
    hosts.failed(hosts.pick());
    expect(name(hosts)).toBe("c");
    clock.now = 2_000;
    expect(name(hosts)).toBe("a");
  });

  it("is the one that failed first when all have", () => {
    const { clock, hosts } = create();
    for (const now of [10, 20, 30]) {
      clock.now = now;
      hosts.failed(hosts.pick());
    }
    expect(name(hosts)).toBe("a");
  });
});

describe("connections", () => {
  it("may be any number, of which none is kept that is unused", async () => {
    const own = createDatabase({
      dsn: `mysql://root@tcp(127.0.0.1:${two.port})/${fresh.name}?max_conns=0&max_idle_conns=0`,
      poolSize: 2,
    });
    await Promise.all(Array.from({ length: 30 }, () => own.query("SELECT SLEEP(0.1)")));
    expect(two.made()).toBe(30);
    await sleep(100);
    expect(two.open()).toBe(0);
    await own.close();
  });

  it("are compressed where the dsn says so", async () => {
    const own = createDatabase({
      dsn: `mysql://root@tcp(127.0.0.1:${two.port})/${fresh.name}?compress=true&connectionAttributes=program_name:test`,
    });
    const [row] = await own.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Compression'");
    expect(row?.Value).toBe("ON");
    await own.close();
  });

  it("take no longer for a statement than the dsn says", async () => {
    const own = createDatabase({ dsn: `${fresh.dsn}&readTimeout=200ms`, poolSize: 1 });
    await expect(own.query("SELECT SLEEP(1)")).rejects.toMatchObject({
      name: "DatabaseUnavailable",
      reason: "timeout",
    });
    await own.close();
  });
});
