import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { observeWrites } from "../../../src/db/committed-writes.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database, RowInsert, RowUpdate, Sql } from "../../../src/db/sql.ts";
import { type DatabaseProxy, type Fault, openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";

/* Changes of several people that are committed at the same moment: each is told what it would be alone. */

let fresh: FreshDatabase;
let proxy: DatabaseProxy;
let direct: Database;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  proxy = await openDatabaseProxy(fresh);
  direct = createDatabase({ dsn: fresh.dsn, poolSize: 5 });
  await direct.run(`CREATE TABLE people (id BINARY(16) NOT NULL PRIMARY KEY, name VARCHAR(20) NULL,
    version INT NOT NULL, UNIQUE KEY people_name (name)) ENGINE = InnoDB`);
  await direct.run(`CREATE TABLE notes (home BINARY(16) NOT NULL, id BINARY(16) NOT NULL, said VARCHAR(20) NULL,
    done INT NOT NULL, PRIMARY KEY (home, id)) ENGINE = InnoDB`);
});

afterAll(async () => {
  await direct?.close();
  await proxy?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  proxy.mend();
  await direct.run("DELETE FROM people");
  await direct.run("DELETE FROM notes");
  db = createDatabase({ dsn: proxy.dsn, poolSize: 10 });
  await db.ping();
  return () => db.close();
});

const id = (n: number) => Buffer.from([0xff, n, ...Buffer.alloc(14, n)]);
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

const person: RowUpdate = { table: "people", key: ["id"], set: ["name", "version"], condition: "version = ?" };
const note: RowUpdate = { table: "notes", key: ["home", "id"], set: ["said", "done"], condition: "done < ?" };
const noteInsertion: RowInsert = { table: "notes", columns: ["home", "id", "said", "done"] };

/** People 1 to `count`, at version 0, each with a note. */
const fill = async (count: number): Promise<void> => {
  const all = numbers(count);
  await direct.execute(
    `INSERT INTO people (id, version) VALUES ${all.map(() => "(?, 0)").join(", ")}`,
    all.map((n) => id(n)),
  );
  await direct.execute(
    `INSERT INTO notes (home, id, done) VALUES ${all.map(() => "(?, ?, 0)").join(", ")}`,
    all.flatMap((n) => [id(n), id(n)]),
  );
};

class Conflict extends Error {
  override readonly name = "Conflict";
}

/** What somebody changes: their row, which is at a version, and then their note, which is done less often than that. */
interface Change {
  readonly n: number;
  readonly name?: string;
  readonly version?: number;
  readonly below?: number;
}

const nameOf = ({ n, name = `is ${n}` }: Change) => name;

const changeOf =
  (change: Change) =>
  async (tx: Sql): Promise<string> => {
    const { n, version = 0, below = 100 } = change;
    const name = nameOf(change);
    const ofPerson = { key: [id(n)], set: [name, version + 1], condition: [version] };
    if (!(await tx.updateRow(person, ofPerson))) throw new Conflict("the person is not as they were read");
    const ofNote = { key: [id(n), id(n)], set: [name, version + 1], condition: [below] };
    if (!(await tx.updateRow(note, ofNote))) throw new Conflict("the note is not as it was read");
    return `told ${name}`;
  };

const share = <T>(work: (tx: Sql) => Promise<T>) => db.transaction(work, { shared: true });
const change = (what: Change) => share(changeOf(what));

/** What each was told: its answer, or the error. */
const toldOf = async (changes: readonly Promise<unknown>[]): Promise<readonly unknown[]> =>
  (await Promise.allSettled(changes)).map((end) => {
    if (end.status === "fulfilled") return end.value;
    const { name, errno, outcome } = end.reason as { name: string; errno?: number; outcome?: string };
    return [name, errno ?? outcome].filter((part) => part !== undefined).join(" ");
  });

/** What is there of each person: the name and version of their row, the same of their note. */
const stored = async () =>
  (
    await direct.query<Record<string, unknown>>(
      `SELECT p.name, p.version, n.said, n.done FROM people p JOIN notes n ON n.home = p.id AND n.id = p.id
        ORDER BY p.id`,
    )
  ).map(({ name, version, said, done }) => [name, version, said, done].join(" "));
const saved = (n: number) => `is ${n} 1 is ${n} 1`;
const untouched = " 0  0";

/** From now on notes what goes over the wire; what becomes of each is for `fault` to say. */
const watch = (fault: (place: number, text: string) => Fault | undefined = () => undefined): readonly string[] => {
  const seen: string[] = [];
  proxy.rule(({ text }) => {
    if (/^(?:SET|SHOW|SELECT VERSION)/.test(text)) return undefined;
    seen.push(text);
    return fault(seen.length, text);
  });
  return seen;
};
const begun = (seen: readonly string[]) => seen.filter((text) => text === "START TRANSACTION").length;
const committed = (seen: readonly string[]) => seen.filter((text) => text === "COMMIT").length;

const deadlock = { number: 1213, state: "40001", text: "Deadlock found when trying to get lock" };

describe("changes that are committed at the same moment", () => {
  it.each([
    [2, 1],
    [16, 1],
    [24, 2],
    [40, 3],
  ])("share transactions: %i of them %i", async (count, transactions) => {
    await fill(count);
    const seen = watch();
    expect(await toldOf(numbers(count).map((n) => change({ n })))).toEqual(numbers(count).map((n) => `told is ${n}`));
    expect([begun(seen), committed(seen), seen.length]).toEqual([transactions, transactions, 6 * transactions]);
    expect(await stored()).toEqual(numbers(count).map(saved));
  });

  it("are each told when a row is not as expected, and the others are committed", async () => {
    await fill(8);
    await direct.execute("DELETE FROM notes WHERE home = ?", [id(7)]);
    const changes: readonly Change[] = [
      { n: 1 },
      { n: 2, version: 3 },
      { n: 3 },
      { n: 4, below: 0 },
      { n: 50 },
      { n: 6 },
      { n: 7 },
      { n: 8 },
    ];
    expect(await toldOf(changes.map(change))).toEqual([
      "told is 1",
      "Conflict",
      "told is 3",
      "Conflict",
      "Conflict",
      "told is 6",
      "Conflict",
      "told is 8",
    ]);
    expect(await stored()).toEqual([saved(1), untouched, saved(3), untouched, untouched, saved(6), saved(8)]);
    expect(await direct.query("SELECT version FROM people WHERE id = ?", [id(7)])).toEqual([{ version: 0 }]);
  });

  it("fail alone where the value of one is refused", async () => {
    await fill(6);
    await direct.execute("UPDATE people SET name = 'taken' WHERE id = ?", [id(6)]);
    const changes: readonly Change[] = [
      { n: 1 },
      { n: 2, name: "x".repeat(21) },
      { n: 3, name: "taken" },
      { n: 4, name: "same" },
      { n: 5, name: "same" },
    ];
    const told = await toldOf(changes.map(change));
    expect(told.slice(0, 3)).toEqual(["told is 1", "SqlError 1406", "SqlError 1062"]);
    // One of two that want the same.
    expect(told.slice(3).toSorted()).toEqual(["SqlError 1062", "told same"]);
    expect(new Set((await stored()).slice(0, 5))).toEqual(new Set([saved(1), untouched, "same 1 same 1"]));
  });

  it("of the same person are one after the other, and the second sees the first", async () => {
    await fill(4);
    const told = await toldOf([1, 2, 1, 3, 1].map((n, place) => change({ n, name: `${n} at ${place}` })));
    expect([told[1], told[3]]).toEqual(["told 2 at 1", "told 3 at 3"]);
    const ofFirst = [told[0], told[2], told[4]];
    const [winner] = ofFirst.filter((answer) => answer !== "Conflict").map((answer) => String(answer).slice(5));
    expect(ofFirst.filter((answer) => answer === "Conflict")).toHaveLength(2);
    expect((await stored())[0]).toBe(`${winner} 1 ${winner} 1`);
  });

  it("of one alone are committed like any other", async () => {
    await fill(2);
    const seen = watch();
    expect(await toldOf([change({ n: 1 })])).toEqual(["told is 1"]);
    expect(await toldOf([change({ n: 2, version: 1 })])).toEqual(["Conflict"]);
    expect(await stored()).toEqual([saved(1), untouched]);
    expect(committed(seen)).toBe(1);
  });

  it("need no more than one connection", async () => {
    await fill(24);
    const one = createDatabase({ dsn: proxy.dsn, poolSize: 1 });
    await one.ping();
    const told = await toldOf(
      numbers(24).map((n) => one.transaction(changeOf({ n, version: n === 9 ? 5 : 0 }), { shared: true })),
    );
    await one.close();
    expect(told).toEqual(numbers(24).map((n) => (n === 9 ? "Conflict" : `told is ${n}`)));
    expect(await stored()).toEqual(numbers(24).map((n) => (n === 9 ? untouched : saved(n))));
  });
});

describe("work that does more than to write rows by their keys", () => {
  const others = [1, 2, 3].map((n) => ({ n }));
  const besideOthers = async (work: (tx: Sql) => Promise<unknown>) => {
    await fill(5);
    const seen = watch();
    const told = await toldOf([...others.map(change), share(work)]);
    expect(told.slice(0, 3)).toEqual(["told is 1", "told is 2", "told is 3"]);
    expect((await stored()).slice(0, 3)).toEqual([1, 2, 3].map(saved));
    return { told: told[3], transactions: begun(seen) };
  };

  it.each<readonly [string, (tx: Sql) => Promise<unknown>, unknown]>([
    ["reads", async (tx) => tx.query("SELECT version FROM people WHERE id = ?", [id(4)]), [{ version: 1 }]],
    [
      "executes",
      async (tx) => tx.execute("UPDATE notes SET done = done + 1 WHERE home = ?", [id(5)]),
      expect.objectContaining({ affectedRows: 1 }),
    ],
  ])("has a transaction of its own: work that %s", async (_, other, answer) => {
    const { told, transactions } = await besideOthers(async (tx) => {
      const done = await changeOf({ n: 4 })(tx);
      return [done, await other(tx)];
    });
    expect([told, transactions]).toEqual([["told is 4", answer], 2]);
    expect((await stored())[3]).toBe(saved(4));
  });

  it("has none when it inserts rows as well, which are there with the rest", async () => {
    const { told, transactions } = await besideOthers(async (tx) => {
      await tx.insertRow(noteInsertion, [id(4), id(5), "new", 1]);
      return changeOf({ n: 4 })(tx);
    });
    expect([told, transactions]).toEqual(["told is 4", 1]);
    expect((await stored())[3]).toBe(saved(4));
    expect(await direct.query("SELECT said FROM notes WHERE home = ? AND id = ?", [id(4), id(5)])).toEqual([
      { said: "new" },
    ]);
  });

  it("has one when a row that it inserts is there, and nothing of it is written", async () => {
    const { told, transactions } = await besideOthers(async (tx) => {
      const done = await changeOf({ n: 4 })(tx);
      await tx.insertRow(noteInsertion, [id(5), id(5), "twice", 1]);
      return done;
    });
    // The others as well: nobody knows whose row it was.
    expect([told, transactions]).toEqual(["SqlError 1062", 5]);
    expect((await stored())[3]).toBe(untouched);
  });

  it("has one when it goes on after it could not", async () => {
    const { told, transactions } = await besideOthers(async (tx) => {
      const rows = await tx.query("SELECT version FROM people WHERE id = ?", [id(4)]).catch(() => "no rows");
      await changeOf({ n: 4 })(tx);
      return rows;
    });
    expect([told, transactions]).toEqual([[{ version: 0 }], 2]);
    expect((await stored())[3]).toBe(saved(4));
  });

  it("has one when it writes a row twice, and each write sees the one before", async () => {
    const { told, transactions } = await besideOthers(async (tx) => {
      await changeOf({ n: 4, name: "first" })(tx);
      return changeOf({ n: 4, name: "second", version: 1 })(tx);
    });
    expect([told, transactions]).toEqual(["told second", 2]);
    expect((await stored())[3]).toBe("second 2 second 2");
  });

  it("has one when it writes nothing, and when it fails", async () => {
    expect(await besideOthers(async () => "nothing")).toEqual({ told: "nothing", transactions: 2 });
    await direct.run("DELETE FROM people");
    await direct.run("DELETE FROM notes");
    const { told } = await besideOthers(async (tx) => {
      await changeOf({ n: 4 })(tx);
      throw new Conflict("on its own");
    });
    expect(told).toBe("Conflict");
    expect((await stored())[3]).toBe(untouched);
  });
});

describe("whoever has a conflict", () => {
  it("leaves the transaction of the others as it is", async () => {
    await fill(6);
    const seen = watch();
    const told = await toldOf(numbers(6).map((n) => change({ n, version: n === 6 ? 99 : 0 })));
    expect(told).toEqual(numbers(6).map((n) => (n < 6 ? `told is ${n}` : "Conflict")));
    // One together, and one alone.
    expect([begun(seen), committed(seen)]).toEqual([2, 1]);
  });

  it("with another row of theirs does so as well", async () => {
    await fill(6);
    const seen = watch();
    const told = await toldOf(numbers(6).map((n) => change({ n, below: n === 6 ? 0 : 100 })));
    expect(told).toEqual(numbers(6).map((n) => (n < 6 ? `told is ${n}` : "Conflict")));
    expect([begun(seen), committed(seen)]).toEqual([2, 1]);
  });

  it("is told so where the COMMIT of the others is lost", async () => {
    await fill(6);
    watch((_, text) => (text === "COMMIT" ? { cut: "after" } : undefined));
    const told = await toldOf(numbers(6).map((n) => change({ n, version: n === 6 ? 99 : 0 })));
    expect(told).toEqual(numbers(6).map((n) => (n < 6 ? "DatabaseUnavailable unknown" : "Conflict")));
    expect(await stored()).toEqual(numbers(6).map((n) => (n < 6 ? saved(n) : untouched)));
  });

  it("as all others have commits nothing", async () => {
    await fill(3);
    const seen = watch();
    expect(await toldOf(numbers(3).map((n) => change({ n, version: 99 })))).toEqual([
      "Conflict",
      "Conflict",
      "Conflict",
    ]);
    expect([begun(seen), committed(seen)]).toEqual([4, 0]);
  });
});

describe("a shared transaction of which something is lost", () => {
  const all = numbers(6);
  const faultOnce = (place: number, fault: Fault) => watch((at) => (at === place ? fault : undefined));

  it.each([
    [1, "BEGIN"],
    [2, "the lock of people"],
    [3, "the lock of notes"],
    [4, "the first statement"],
    [5, "the second statement"],
  ])("is done nevertheless where that is %i, %s", async (place) => {
    const faults: readonly Fault[] = [
      { cut: "before" },
      { cut: "after" },
      { error: deadlock, when: "before" },
      { error: { number: 1047, state: "08S01", text: "WSREP has not yet prepared node" }, when: "before" },
      {
        error: { number: 1969, state: "70100", text: "Query execution was interrupted (max_statement_time exceeded)" },
        when: "before",
      },
    ];
    for (const [version, fault] of faults.entries()) {
      if (version === 0) await fill(6);
      const seen = faultOnce(place, fault);
      const told = await toldOf(all.map((n) => change({ n, version })));
      expect([fault, told, begun(seen) > 1]).toEqual([fault, all.map((n) => `told is ${n}`), true]);
      const now = version + 1;
      expect(await stored()).toEqual(all.map((n) => `is ${n} ${now} is ${n} ${now}`));
    }
  });

  it.each([
    ["before", [untouched]],
    ["after", [saved(1), saved(2), saved(3), saved(4), saved(5), saved(6)]],
  ] as const)(
    "is in doubt for all where the connection ends %s COMMIT, and nothing is done twice",
    async (cut, rows) => {
      await fill(6);
      const seen = faultOnce(6, { cut });
      expect(await toldOf(all.map((n) => change({ n })))).toEqual(all.map(() => "DatabaseUnavailable unknown"));
      expect([seen[5], seen.length]).toEqual(["COMMIT", 6]);
      expect(await stored()).toEqual(all.map((_, at) => rows[at] ?? rows[0]));
      // It is nothing that the next one would know of.
      const version = cut === "before" ? 0 : 1;
      expect(await toldOf(all.map((n) => change({ n, version })))).toEqual(all.map((n) => `told is ${n}`));
    },
  );

  it("is begun anew by each alone after a conflict at COMMIT", async () => {
    await fill(6);
    const seen = faultOnce(6, { error: deadlock, when: "before" });
    expect(await toldOf(all.map((n) => change({ n })))).toEqual(all.map((n) => `told is ${n}`));
    expect([begun(seen), committed(seen)]).toEqual([7, 7]);
    expect(await stored()).toEqual(all.map(saved));
  });

  it.each(["before", "after"] as const)(
    "is not begun anew where COMMIT ends in an error that is no conflict, be it told %s it",
    async (when) => {
      await fill(7);
      const error = { number: 1180, state: "HY000", text: 'Got error 28 "No space left on device" during COMMIT' };
      const alone = faultOnce(4, { error, when });
      expect(await toldOf([db.transaction(changeOf({ n: 7 }))])).toEqual(["SqlError 1180"]);
      expect(begun(alone)).toBe(1);
      const together = faultOnce(6, { error, when });
      expect(await toldOf(all.map((n) => change({ n })))).toEqual(all.map(() => "SqlError 1180"));
      expect(begun(together)).toBe(1);
      expect(await stored()).toEqual([...all, 7].map((n) => (when === "after" ? saved(n) : untouched)));
    },
  );

  it("is done by each alone when none of them gets through for a while", async () => {
    await fill(6);
    let conflicts = 0;
    const seen = watch((_, text) =>
      text.startsWith("UPDATE notes") && ++conflicts <= 12 ? { error: deadlock, when: "before" } : undefined,
    );
    expect(await toldOf(all.map((n) => change({ n })))).toEqual(all.map((n) => `told is ${n}`));
    expect(committed(seen)).toBe(6);
    expect(await stored()).toEqual(all.map(saved));
  });

  it("with a row that somebody else has locked leaves it out: it is committed once it is free", async () => {
    await fill(8);
    const waiting = await direct.transaction(async (tx) => {
      // One by one: the server may look for several in an index that has all, and would lock them all.
      await tx.query("SELECT version FROM people WHERE id = ? FOR UPDATE", [id(1)]);
      await tx.query("SELECT done FROM notes WHERE home = ? AND id = ? FOR UPDATE", [id(2), id(2)]);
      const seen = watch();
      const locked = toldOf([1, 2].map((n) => change({ n })));
      const free = await toldOf(
        numbers(8)
          .slice(2)
          .map((n) => change({ n })),
      );
      expect(free).toEqual(
        numbers(8)
          .slice(2)
          .map((n) => `told is ${n}`),
      );
      expect(committed(seen)).toBe(1);
      return { locked };
    });
    expect(await waiting.locked).toEqual(["told is 1", "told is 2"]);
    expect(await stored()).toEqual(numbers(8).map(saved));
  });
});

describe("whoever asks what their own work has committed", () => {
  it("is told of that, and nothing of what others commit at the same moment", async () => {
    await fill(6);
    const seen = watch();
    const others = [1, 2, 3].map((n) => change({ n }));
    const told = await Promise.all([
      observeWrites(async (hasWritten) => [hasWritten(), await change({ n: 4 }), hasWritten()]),
      observeWrites(async (hasWritten) => [await toldOf([change({ n: 5, version: 7 })]), hasWritten()]),
      observeWrites(async (hasWritten) => {
        await Promise.all(others);
        return hasWritten();
      }),
    ]);
    expect(told).toEqual([[false, "told is 4", true], [["Conflict"], false], false]);
    // Others together, and two alone.
    expect([begun(seen), committed(seen)]).toEqual([3, 2]);
  });

  it("is told of a COMMIT that is in doubt", async () => {
    await fill(3);
    watch((_, text) => (text === "COMMIT" ? { cut: "after" } : undefined));
    const told = await observeWrites(async (hasWritten) => [await toldOf([change({ n: 1 })]), hasWritten()]);
    expect(told).toEqual([["DatabaseUnavailable unknown"], true]);
  });
});
