import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { observeWrites } from "../../../src/db/committed-writes.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { readJson } from "../../../src/db/read-json.ts";
import type { Database, RowInsert, RowUpdate, RowValues, SqlValue } from "../../../src/db/sql.ts";
import { type DatabaseProxy, type Fault, openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import "../../setup/seeded.ts";

/* Rows that several requests write at the same moment, outside transactions: each is told what it would be alone. */

let fresh: FreshDatabase;
let proxy: DatabaseProxy;
let direct: Database;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  proxy = await openDatabaseProxy(fresh);
  direct = createDatabase({ dsn: fresh.dsn, poolSize: 8 });
  db = createDatabase({ dsn: proxy.dsn, poolSize: 12 });
  await direct.run(`CREATE TABLE things (
    home BINARY(16) NOT NULL, id BINARY(16) NOT NULL, name VARCHAR(40) NULL, n INT NULL, big BIGINT NULL, doc JSON NULL,
    at DATETIME(3) NULL, raw VARBINARY(40) NULL, flag TINYINT NULL, version INT NOT NULL,
    PRIMARY KEY (home, id), UNIQUE KEY things_n (n))
    ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  // Only who is connected knows whether rows may be written together.
  await db.ping();
});

afterAll(async () => {
  await db?.close();
  await direct?.close();
  await proxy?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  proxy.mend();
  await direct.execute("DELETE FROM things");
});

/** Half of the bytes are no text, and one ends one. */
const id = (n: number) => Buffer.from([0, 0xff, n, 0x80, ...Buffer.alloc(12, n)]);

const columns = ["name", "n", "big", "doc", "at", "raw", "flag"] as const;
const everything: RowUpdate = { table: "things", key: ["home", "id"], set: columns, condition: "version = ?" };
const naming: RowUpdate = { table: "things", key: ["home", "id"], set: ["name"], condition: "version = ?" };
const insertion: RowInsert = { table: "things", columns: ["home", "id", "n", "version"] };

const named = (n: number, name: string, version = 0): RowValues => ({
  key: [id(n), id(n)],
  set: [name],
  condition: [version],
});
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** Rows 1 to `count`, at version 0. */
const fill = async (count: number): Promise<void> => {
  await direct.execute(
    `INSERT INTO things (home, id, version) VALUES ${numbers(count)
      .map(() => "(?, ?, 0)")
      .join(", ")}`,
    numbers(count).flatMap((n) => [id(n), id(n)]),
  );
};
const names = async () =>
  (await direct.query<{ name: string | null }>("SELECT name FROM things ORDER BY id")).map(({ name }) => name);
const counts = async () => (await direct.query<{ n: number }>("SELECT n FROM things ORDER BY n")).map(({ n }) => n);

/** From now on notes the writes that go over the wire; what becomes of each is for `fault` to say. */
const watchWrites = (fault: (place: number) => Fault | undefined = () => undefined): readonly string[] => {
  const seen: string[] = [];
  proxy.rule(({ text }) => {
    if (!/^(?:UPDATE|INSERT)/.test(text)) return undefined;
    seen.push(text);
    return fault(seen.length);
  });
  return seen;
};
const onlyFirst = (fault: Fault) => (place: number) => (place === 1 ? fault : undefined);

/** What each was told: its answer, or the error. */
const toldOf = async (writes: readonly Promise<unknown>[]): Promise<readonly unknown[]> =>
  (await Promise.allSettled(writes)).map((end) => {
    if (end.status === "fulfilled") return end.value;
    const { name, errno, outcome } = end.reason as { name: string; errno?: number; outcome?: string };
    return [name, errno ?? outcome];
  });

const deadlock = { number: 1213, state: "40001", text: "Deadlock found when trying to get lock" };
const notServing = { number: 1047, state: "08S01", text: "WSREP has not yet prepared node for application use" };

describe("rows that are changed at once", () => {
  const at = new Date("2026-02-03T04:05:06.789Z");
  const rowOf = (n: number, set: readonly SqlValue[]): RowValues => ({ key: [id(n), id(n)], set, condition: [0] });
  const read = async () =>
    (await direct.query<Record<string, unknown>>(`SELECT ${columns.join(", ")} FROM things ORDER BY id`)).map((row) => [
      row.name,
      row.n,
      row.big,
      row.doc === null ? null : readJson(row.doc),
      row.at,
      row.raw,
      row.flag,
    ]);

  it("have the values that were given, each its own", async () => {
    const written: readonly (readonly SqlValue[])[] = [
      [null, null, null, null, null, null, null],
      ["Ä😀\\' ?", 7, 9_007_199_254_740_993n, JSON.stringify({ a: [1, "😀"], b: null }), at, id(9), true],
      ["", -1, -5, '"text"', new Date("2001-12-31T23:59:59.001Z"), Buffer.from([0xf0, 0x9f, 0x00, 0x27]), false],
      ["7", 0, null, "[]", new Date("2026-06-07T00:00:00.000Z"), Buffer.alloc(0), null],
      [null, 2_147_483_647, 4_294_967_296, null, new Date("2026-06-07T12:00:00.999Z"), null, 1],
    ];
    await fill(written.length);
    const seen = watchWrites();
    expect(await Promise.all(written.map((set, n) => db.updateRow(everything, rowOf(n + 1, set))))).toEqual(
      written.map(() => true),
    );
    expect(seen).toHaveLength(1);
    expect(await read()).toEqual([
      [null, null, null, null, null, null, null],
      ["Ä😀\\' ?", 7, "9007199254740993", { a: [1, "😀"], b: null }, at, id(9), 1],
      ["", -1, -5, "text", new Date("2001-12-31T23:59:59.001Z"), Buffer.from([0xf0, 0x9f, 0x00, 0x27]), 0],
      ["7", 0, null, [], new Date("2026-06-07T00:00:00.000Z"), Buffer.alloc(0), null],
      [null, 2_147_483_647, 4_294_967_296, null, new Date("2026-06-07T12:00:00.999Z"), null, 1],
    ]);
  });

  it("are as if each had been changed alone, whatever the values", async () => {
    const texts = fc.string({ unit: "binary", maxLength: 20 });
    const values = fc.tuple(
      fc.option(texts),
      fc.constant(null),
      fc.option(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
      fc.option(fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" })),
      fc.option(fc.date({ min: new Date("1971-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })),
      fc.option(fc.uint8Array({ maxLength: 40 })),
      fc.option(fc.boolean()),
    );
    const clear = () => direct.execute(`UPDATE things SET ${columns.map((column) => `${column} = NULL`).join(", ")}`);
    await fill(8);
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 2, maxLength: 8 }), async (people) => {
        const rows = people.map(([name, n, big, doc, when, raw, flag], place) =>
          rowOf(place + 1, [
            name,
            n,
            big,
            doc === null ? null : JSON.stringify(doc),
            when,
            raw && Buffer.from(raw),
            flag,
          ]),
        );
        await clear();
        for (const row of rows) expect(await direct.updateRow(everything, row)).toBe(true);
        const alone = await read();
        await clear();
        expect(await Promise.all(rows.map((row) => db.updateRow(everything, row)))).toEqual(rows.map(() => true));
        expect(await read()).toEqual(alone);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [2, 1],
    [16, 1],
    [40, 3],
  ])("share statements: %i rows %i of them", async (count, statements) => {
    await fill(count);
    const seen = watchWrites();
    expect(await toldOf(numbers(count).map((n) => db.updateRow(naming, named(n, `is ${n}`))))).toEqual(
      numbers(count).map(() => true),
    );
    expect(seen).toHaveLength(statements);
    expect(await names()).toEqual(numbers(count).map((n) => `is ${n}`));
  });

  it("are each told whether they were there and as expected", async () => {
    await fill(8);
    const rows = [named(1, "a"), named(2, "b", 1), named(3, "c"), named(99, "d"), named(4, "e"), named(5, "f", -1)];
    const home: RowValues = { ...named(6, "of another home"), key: [id(7), id(6)] };
    expect(await toldOf([...rows, home].map((row) => db.updateRow(naming, row)))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(await names()).toEqual(["a", null, "c", "e", null, null, null, null]);
  });

  it("are told they are there when nothing of them changes", async () => {
    await fill(3);
    for (let round = 0; round < 2; round++)
      expect(await toldOf([1, 2, 3].map((n) => db.updateRow(naming, named(n, "same"))))).toEqual([true, true, true]);
  });

  it("have the later value where one is changed twice", async () => {
    await fill(3);
    const seen = watchWrites();
    const writes = [named(1, "first"), named(2, "other"), named(1, "second"), named(1, "third")];
    expect(await toldOf(writes.map((row) => db.updateRow(naming, row)))).toEqual([true, true, true, true]);
    expect(seen).toHaveLength(3);
    expect(await names()).toEqual(["third", "other", null]);
  });

  it("fail alone where the value of one is refused", async () => {
    await fill(5);
    const rows = numbers(5).map((n) => named(n, n === 3 ? "x".repeat(41) : `is ${n}`));
    expect(await toldOf(rows.map((row) => db.updateRow(naming, row)))).toEqual([
      true,
      true,
      ["SqlError", 1406],
      true,
      true,
    ]);
    expect(await names()).toEqual(["is 1", "is 2", null, "is 4", "is 5"]);
  });

  it("are changed one by one after a conflict, which nobody is told", async () => {
    await fill(6);
    const seen = watchWrites(onlyFirst({ error: deadlock, when: "before" }));
    expect(await toldOf(numbers(6).map((n) => db.updateRow(naming, named(n, `is ${n}`))))).toEqual(
      numbers(6).map(() => true),
    );
    expect(seen).toHaveLength(7);
    expect(await names()).toEqual(numbers(6).map((n) => `is ${n}`));
  });

  it("of a server that does not serve are changed one by one", async () => {
    await fill(6);
    watchWrites(onlyFirst({ error: notServing, when: "before" }));
    expect(await toldOf(numbers(6).map((n) => db.updateRow(naming, named(n, `is ${n}`))))).toEqual(
      numbers(6).map(() => true),
    );
  });

  it.each([
    [1, "before"],
    [1, "after"],
    [6, "before"],
    [6, "after"],
  ] as const)("by %i are neither done nor not done where the connection ends %s it", async (count, cut) => {
    await fill(count);
    const seen = watchWrites(onlyFirst({ cut }));
    expect(await toldOf(numbers(count).map((n) => db.updateRow(naming, named(n, `is ${n}`))))).toEqual(
      numbers(count).map(() => ["DatabaseUnavailable", "unknown"]),
    );
    // Not sent again: nobody may do it twice.
    expect(seen).toHaveLength(1);
    expect(await names()).toEqual(numbers(count).map((n) => (cut === "after" ? `is ${n}` : null)));
  });

  it("wait for one that somebody else has locked, and what comes meanwhile passes them", async () => {
    await fill(14);
    const waiting = await direct.transaction(async (tx) => {
      // One by one: the server may look for several in an index that has all, and would lock them all.
      for (const n of [1, 2, 3, 4])
        await tx.query("SELECT n FROM things WHERE home = ? AND id = ? FOR UPDATE", [id(n), id(n)]);
      const seen = watchWrites();
      const update = (n: number) => db.updateRow(naming, named(n, `is ${n}`));
      const groups: Promise<readonly unknown[]>[] = [];
      // As many groups as there may be at once, each of which waits.
      for (const n of [1, 2, 3, 4]) {
        groups.push(toldOf([n, n + 4].map(update)));
        while (seen.length < n) await sleep(1);
      }
      expect(await toldOf([9, 10, 11, 12].map(update))).toEqual([true, true, true, true]);
      expect(seen).toHaveLength(5);
      return { groups };
    });
    expect((await Promise.all(waiting.groups)).flat()).toEqual(numbers(8).map(() => true));
    expect((await names()).slice(0, 12)).toEqual(numbers(12).map((n) => `is ${n}`));
  });
});

describe("a row that is locked for longer than a statement waits", () => {
  const update = (to: Database, n: number) => to.updateRow(naming, named(n, `is ${n}`));
  const lockWait = { number: 1205, state: "HY000", text: "Lock wait timeout exceeded; try restarting transaction" };

  it("is written alone, fails alone, and is kept out of the statements of others", async () => {
    await fill(6);
    const impatient = createDatabase({ dsn: `${proxy.dsn}&readTimeout=200ms`, poolSize: 5 });
    await impatient.ping();
    const seen: string[] = [];
    proxy.rule(({ text, values }) => {
      if (!text.startsWith("UPDATE")) return undefined;
      const isLocked = values.includes(id(6));
      seen.push(`${text.includes("CASE") ? "some" : "one"}${isLocked ? " locked" : ""}`);
      return isLocked ? { error: lockWait, when: "before" } : undefined;
    });
    const told = numbers(6).map((n) => (n < 6 ? true : ["SqlError", 1205]));
    expect(await toldOf(numbers(6).map((n) => update(impatient, n)))).toEqual(told);
    expect(seen.toSorted().slice(0, 6)).toEqual(["one", "one", "one", "one", "one", "one locked"]);
    expect(seen).toContain("some locked");
    seen.length = 0;
    expect(await toldOf(numbers(6).map((n) => update(impatient, n)))).toEqual(told);
    expect(seen.filter((each) => each !== "one locked")).toEqual(["some"]);
    await impatient.close();
  });
});

describe("a row with many characters", () => {
  it("is written alone", async () => {
    await fill(4);
    const seen = watchWrites();
    const long = "x".repeat(32_769);
    // Too long for the column as well: it fails, and nobody else does.
    expect(await toldOf(numbers(4).map((n) => db.updateRow(naming, named(n, n === 2 ? long : `is ${n}`))))).toEqual([
      true,
      ["SqlError", 1406],
      true,
      true,
    ]);
    expect(seen).toHaveLength(2);
  });
});

describe("rows that are inserted at once", () => {
  const row = (n: number, unique = n): readonly SqlValue[] => [id(n), id(n), unique, 0];
  const insert = (n: number, unique?: number) => db.insertRow(insertion, row(n, unique));

  it("share statements", async () => {
    const seen = watchWrites();
    await Promise.all(numbers(20).map((n) => insert(n)));
    expect(seen).toHaveLength(3);
    expect(await counts()).toEqual(numbers(20));
  });

  it("fail alone where one is there already", async () => {
    await direct.insertRow(insertion, row(99, 3));
    await direct.insertRow(insertion, row(5, 50));
    const ends = await Promise.allSettled(numbers(6).map((n) => insert(n)));
    expect(ends.map((end) => (end.status === "fulfilled" ? "done" : end.reason))).toMatchObject([
      "done",
      "done",
      { errno: 1062, constraint: "things_n" },
      "done",
      { errno: 1062, constraint: "PRIMARY" },
      "done",
    ]);
    expect(await counts()).toEqual([1, 2, 3, 4, 6, 50]);
  });

  it.each([
    [1, "before"],
    [1, "after"],
    [6, "before"],
    [6, "after"],
  ] as const)("by %i are done, and each once, where the connection ends %s it", async (count, cut) => {
    const seen = watchWrites(onlyFirst({ cut }));
    expect(await toldOf(numbers(count).map((n) => insert(n)))).toEqual(numbers(count).map(() => undefined));
    expect(seen).toHaveLength(2);
    expect(await counts()).toEqual(numbers(count));
  });

  it("are neither done nor not done where it cannot be asked again", async () => {
    // The first sending is carried out, and none of the others arrives.
    const seen = watchWrites((place) => ({ cut: place === 1 ? "after" : "before" }));
    const told = await toldOf([1, 2, 3].map((n) => insert(n)));
    expect(told).toEqual([1, 2, 3].map(() => ["DatabaseUnavailable", "unknown"]));
    expect(seen.length).toBeGreaterThan(1);
    proxy.mend();
    expect(await counts()).toEqual([1, 2, 3]);
  });
});

it("a single connection is enough for all of them", async () => {
  await fill(20);
  const one = createDatabase({ dsn: proxy.dsn, poolSize: 1 });
  await one.ping();
  const writes = numbers(40).map((n) =>
    n <= 20 ? one.updateRow(naming, named(n, `is ${n}`)) : one.insertRow(insertion, [id(n), id(n), n, 0]),
  );
  const told = await toldOf(writes);
  await one.close();
  expect(told).toEqual(numbers(40).map((n) => (n <= 20 ? true : undefined)));
  expect((await names()).slice(0, 20)).toEqual(numbers(20).map((n) => `is ${n}`));
});

describe("whoever asks what their own work has written", () => {
  it("is told of that, and nothing of what others write at the same moment", async () => {
    await fill(6);
    const seen = watchWrites();
    const others = [2, 3, 4].map((n) => db.updateRow(naming, named(n, "of others")));
    const told = await Promise.all([
      observeWrites(async (hasWritten) => [hasWritten(), await db.updateRow(naming, named(1, "mine")), hasWritten()]),
      observeWrites(async (hasWritten) => {
        await db.insertRow(insertion, [id(9), id(9), 9, 0]);
        return hasWritten();
      }),
      observeWrites(async (hasWritten) => {
        await db.query("SELECT 1");
        await Promise.all(others);
        return hasWritten();
      }),
    ]);
    expect(told).toEqual([[false, true, true], true, false]);
    expect(seen).toHaveLength(3);
  });

  it("is told of what may be in effect", async () => {
    await fill(1);
    watchWrites(onlyFirst({ cut: "after" }));
    const told = await observeWrites(async (hasWritten) => {
      await db.updateRow(naming, named(1, "mine")).catch(() => undefined);
      return hasWritten();
    });
    expect(told).toBe(true);
  });
});
