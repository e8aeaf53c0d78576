import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../src/db/connections.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { createRepeat } from "../../../src/db/repeat.ts";
import type { Database } from "../../../src/db/sql.ts";
import { DatabaseUnavailable, fromDriver } from "../../../src/db/sql-error.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";

/* What becomes of a statement by itself, outside a transaction, when it collides, is refused, or is lost on the way. */

let fresh: FreshDatabase;
let proxy: DatabaseProxy;
let direct: Database;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  proxy = await openDatabaseProxy(fresh);
  direct = createDatabase({ dsn: fresh.dsn, poolSize: 5 });
  db = createDatabase({ dsn: proxy.dsn, poolSize: 5 });
  await direct.run(
    "CREATE TABLE things (id BINARY(16) NOT NULL PRIMARY KEY, n INT NOT NULL, UNIQUE KEY things_n (n)) ENGINE = InnoDB",
  );
});

afterAll(async () => {
  await db?.close();
  await direct?.close();
  await proxy?.close();
  await fresh?.drop();
});

beforeEach(async () => {
  await direct.execute("DELETE FROM things");
});

const id = (n: number) => Buffer.alloc(16, n);
const insert = "INSERT INTO things (id, n) VALUES (?, ?)";
const rows = async () => (await direct.query<{ n: number }>("SELECT n FROM things ORDER BY n")).map(({ n }) => n);
const caught = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

describe("a statement by itself", () => {
  it.each([
    [1213, "Deadlock found when trying to get lock; try restarting transaction"],
    [1205, "Lock wait timeout exceeded; try restarting transaction"],
    [9004, "resolve lock timeout"],
    [9007, "Write conflict"],
    [8022, "Error: KV error safe to retry"],
    [1180, "Got error 149 'Lock deadlock; retry transaction' during COMMIT"],
  ])("is sent again after a conflict (%i)", async (number, said) => {
    let sent = 0;
    const repeat = createRepeat({ borrow: async () => connection, within: 5_000, onRepeat: () => undefined });
    const answer = await repeat(async () => {
      sent++;
      if (sent < 4)
        throw fromDriver(Object.assign(new Error(said), { errno: number, code: "ER_X", sqlMessage: said }), "", true);
      return "done";
    }, undefined);
    expect([answer, sent]).toEqual(["done", 4]);
  });

  it("that a real server chose as the victim of a deadlock is sent again", async () => {
    const warnings: object[] = [];
    const watched = createDatabase({
      dsn: fresh.dsn,
      log: { info: () => undefined, warn: (data) => void warnings.push(data) },
    });
    await direct.execute("INSERT INTO things (id, n) VALUES (?, 1), (?, 2)", [id(1), id(2)]);
    let both: Promise<unknown> = Promise.resolve();
    await direct.transaction(async (tx) => {
      // The server gives up whoever has changed less.
      for (let n = 100; n < 120; n++) await tx.execute(insert, [id(n), n]);
      await tx.query("SELECT n FROM things WHERE id = ? FOR UPDATE", [id(2)]);
      both = watched.execute("UPDATE things SET n = n + 10 WHERE id IN (?, ?)", [id(1), id(2)]);
      await sleep(200);
      await tx.execute("UPDATE things SET n = n + 50 WHERE id = ?", [id(1)]);
    });
    await both;
    await watched.close();
    expect((await rows()).slice(0, 2)).toEqual([12, 61]);
    expect(warnings).toContainEqual({ reason: expect.stringContaining("(1213)"), attempt: 1 });
  });

  it("that the server refused to begin is sent again, and reported as not done when that does not help", async () => {
    let sent = 0;
    const repeat = createRepeat({ borrow: async () => connection, within: 5_000, onRepeat: () => undefined });
    const refusal = Object.assign(new Error("WSREP has not yet prepared node for application use"), {
      errno: 1047,
      code: "ER_UNKNOWN_COM_ERROR",
      sqlMessage: "WSREP has not yet prepared node for application use",
    });
    const error = await caught(
      repeat(async () => {
        sent++;
        throw fromDriver(refusal, insert, true);
      }, undefined),
    );
    expect(sent).toBe(5);
    expect(error).toMatchObject({ name: "DatabaseUnavailable", reason: "refused", outcome: "not-applied" });
  });

  it("that is to be sent once is not sent again, neither after a conflict nor where it was not begun", async () => {
    for (const [errno, code] of [
      [1213, "ER_LOCK_DEADLOCK"],
      [1047, "ER_UNKNOWN_COM_ERROR"],
    ] as const) {
      let sent = 0;
      const repeat = createRepeat({ borrow: async () => connection, within: 5_000, onRepeat: () => undefined });
      await caught(
        repeat(async () => {
          sent++;
          throw fromDriver(Object.assign(new Error("x"), { errno, code, sqlMessage: "x" }), insert, true);
        }, "once"),
      );
      expect([errno, sent]).toEqual([errno, 1]);
    }
  });

  it("ends when its time is over, however often it collides", async () => {
    const repeat = createRepeat({ borrow: async () => connection, within: 300, onRepeat: () => undefined });
    const started = Date.now();
    const error = await caught(
      repeat(async () => {
        throw fromDriver(
          Object.assign(new Error("x"), { errno: 1213, code: "ER_LOCK_DEADLOCK", sqlMessage: "x" }),
          "",
          true,
        );
      }, undefined),
    );
    expect(error).toMatchObject({ errno: 1213 });
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

describe("a write that is lost on the way", () => {
  it("is neither done nor not done, and is not sent again", async () => {
    proxy.cutAfter("lost-write");
    const error = await caught(db.execute("INSERT INTO things (id, n) VALUES (?, 1) /* lost-write */", [id(1)]));
    expect(error).toMatchObject({ name: "DatabaseUnavailable", reason: "lost", outcome: "unknown" });
  });

  it("with a fresh id of ours is sent again, and was done if its id is there already", async () => {
    await db.ping();
    // Prepared before, so that the text is not sent and the values are.
    await db.execute(insert, [id(9), 9]);
    proxy.cutAfter(id(2));
    await expect(db.execute(insert, [id(2), 2], "own-id")).resolves.toEqual({ affectedRows: 1 });
    expect(await rows()).toEqual([2, 9]);
  });

  it("with a fresh id of ours that another key refuses was not done", async () => {
    await direct.execute(insert, [id(1), 5]);
    await expect(db.execute(insert, [id(2), 5], "own-id")).rejects.toMatchObject({
      errno: 1062,
      constraint: "things_n",
    });
    await expect(db.execute(insert, [id(1), 6], "own-id")).rejects.toMatchObject({
      errno: 1062,
      constraint: "PRIMARY",
    });
  });

  it("that may be done twice is sent again", async () => {
    await direct.execute(insert, [id(1), 1]);
    proxy.cutAfter("twice-is-once");
    await expect(db.execute("DELETE FROM things WHERE n = 1 /* twice-is-once */", [], "same")).resolves.toBeDefined();
    expect(await rows()).toEqual([]);
  });

  it("stays in doubt when it cannot be sent again", async () => {
    let sent = 0;
    const repeat = createRepeat({ borrow: async () => connection, within: 5_000, onRepeat: () => undefined });
    const error = await caught(
      repeat(async () => {
        sent++;
        throw sent === 1 ? new DatabaseUnavailable("lost", "lost") : new DatabaseUnavailable("refused", "refused");
      }, "own-id"),
    );
    expect(error).toMatchObject({ name: "DatabaseUnavailable", outcome: "unknown" });
    const borrowed = createRepeat({
      borrow: async () => {
        if (sent++ > 5) throw new DatabaseUnavailable("no connection", "refused");
        return connection;
      },
      within: 5_000,
      onRepeat: () => undefined,
    });
    sent = 5;
    expect(
      await caught(
        borrowed(async () => {
          throw new DatabaseUnavailable("lost", "lost");
        }, "same"),
      ),
    ).toMatchObject({ outcome: "unknown", reason: "refused" });
  });
});

it("a read that is lost on the way is sent again", async () => {
  await direct.execute(insert, [id(1), 1]);
  proxy.cutAfter("lost-read");
  await expect(db.query("SELECT n FROM things /* lost-read */")).resolves.toEqual([{ n: 1 }]);
});

/** Nothing is sent over it. */
const connection: Connection = {
  execute: async () => undefined,
  text: async () => undefined,
  release: () => undefined,
  destroy: () => undefined,
};
