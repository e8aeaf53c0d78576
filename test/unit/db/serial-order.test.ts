import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database, RowUpdate, Sql } from "../../../src/db/sql.ts";
import { type DatabaseProxy, type Fault, openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import "../../setup/seeded.ts";

/*
 * Whatever changes of whomever are committed at the same moment, and whatever is lost meanwhile: what each was told,
 * and what is there in the end, is what it would be if they had come one after the other.
 */

let fresh: FreshDatabase;
let proxy: DatabaseProxy;
let direct: Database;
let db: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  proxy = await openDatabaseProxy(fresh);
  direct = createDatabase({ dsn: fresh.dsn, poolSize: 2 });
  db = createDatabase({ dsn: proxy.dsn, poolSize: 8 });
  await direct.run(
    "CREATE TABLE people (id BINARY(16) NOT NULL PRIMARY KEY, name VARCHAR(20) NULL, version INT NOT NULL)",
  );
  await direct.run(
    `CREATE TABLE notes (home BINARY(16) NOT NULL, id BINARY(16) NOT NULL, said VARCHAR(20) NULL,
      PRIMARY KEY (home, id))`,
  );
  await db.ping();
});

afterAll(async () => {
  await db?.close();
  await direct?.close();
  await proxy?.close();
  await fresh?.drop();
});

const person: RowUpdate = { table: "people", key: ["id"], set: ["name", "version"], condition: "version = ?" };
const note: RowUpdate = { table: "notes", key: ["home", "id"], set: ["said"], condition: "1 = ?" };

/** What is there of one person. */
interface State {
  readonly name: string | null;
  readonly version: number;
  readonly said: string | null;
}

/** What somebody changes: of whom, what they believe the version to be, and when they come. */
interface Change {
  readonly kind: "plain" | "reads" | "twice" | "note";
  readonly who: number;
  readonly version: number;
  /** Whether their second row is as they expect it. */
  readonly holds: boolean;
  readonly turn: number;
}

/** A change as it was made. */
interface Made extends Change {
  /** What it writes, which no other does. */
  readonly name: string;
  readonly told: "done" | "not done" | "in doubt";
}

class Conflict extends Error {}

const must = (holds: boolean): void => {
  if (!holds) throw new Conflict("not as it was read");
};

const workOf =
  ({ kind, version, holds }: Change, id: Buffer, name: string) =>
  async (tx: Sql): Promise<void> => {
    const write = async (text: string, from: number) => {
      must(await tx.updateRow(person, { key: [id], set: [text, from + 1], condition: [from] }));
      must(await tx.updateRow(note, { key: [id, id], set: [text], condition: [holds ? 1 : 0] }));
    };
    if (kind === "note") return must(await tx.updateRow(note, { key: [id, id], set: [name], condition: [1] }));
    if (kind === "reads") await tx.query("SELECT version FROM people WHERE id = ? FOR UPDATE", [id]);
    if (kind === "twice") await write(`${name} first`, version);
    await write(name, kind === "twice" ? version + 1 : version);
  };

/** What a change makes of what is there; undefined: it may not. */
const applied = ({ kind, version, holds, name }: Made, state: State): State | undefined => {
  if (kind === "note") return { ...state, said: name };
  if (!holds || state.version !== version) return undefined;
  return { name, said: name, version: version + (kind === "twice" ? 2 : 1) };
};

/** Whether there is an order in which the changes would have been told what they were, and left what is there. */
const hasOrder = (changes: readonly Made[], state: State, found: State): boolean => {
  if (changes.length === 0)
    return state.name === found.name && state.said === found.said && state.version === found.version;
  return changes.some((change, at) => {
    const rest = changes.toSpliced(at, 1);
    const next = applied(change, state);
    if (change.told === "done") return next !== undefined && hasOrder(rest, next, found);
    if (change.told === "not done") return next === undefined && hasOrder(rest, state, found);
    return hasOrder(rest, state, found) || (next !== undefined && hasOrder(rest, next, found));
  });
};

const toldOf = async (change: Promise<void>): Promise<Made["told"]> => {
  try {
    await change;
    return "done";
  } catch (error) {
    if (error instanceof Conflict) return "not done";
    if ((error as { outcome?: string }).outcome === "unknown") return "in doubt";
    throw error;
  }
};

const PEOPLE = 4;
let round = 0;
/** New people for each round. */
const newPeople = async (): Promise<readonly Buffer[]> => {
  round += 1;
  const ids = Array.from({ length: PEOPLE }, (_, n) => Buffer.from([n, round, round >> 8, ...Buffer.alloc(13, 0xff)]));
  for (const id of ids) {
    await direct.execute("INSERT INTO people (id, version) VALUES (?, 0)", [id]);
    await direct.execute("INSERT INTO notes (home, id) VALUES (?, ?)", [id, id]);
  }
  return ids;
};

const stateOf = async (id: Buffer): Promise<State | undefined> => {
  const [row] = await direct.query<State>(
    "SELECT p.name, p.version, n.said FROM people p JOIN notes n ON n.home = p.id AND n.id = p.id WHERE p.id = ?",
    [id],
  );
  return row;
};

/** Makes the changes at once, and looks whether all of it could have been one after the other. */
const play = async (changes: readonly Change[], fault: readonly [number, Fault] | undefined): Promise<void> => {
  const ids = await newPeople();
  let sent = 0;
  proxy.rule(({ text }) => {
    if (/^(?:SET|SHOW|SELECT VERSION)/.test(text)) return undefined;
    sent += 1;
    return sent === fault?.[0] ? fault[1] : undefined;
  });
  const made = await Promise.all(
    changes.map(async (change, at): Promise<Made> => {
      for (let turn = 0; turn < change.turn; turn++) await nextTurn();
      const name = `${round} ${at}`;
      const work = workOf(change, ids[change.who] ?? Buffer.alloc(16), name);
      return { ...change, name, told: await toldOf(db.transaction(work, { shared: true })) };
    }),
  );
  proxy.mend();
  for (const [who, id] of ids.entries()) {
    const found = (await stateOf(id)) ?? { name: "nobody", version: -1, said: null };
    const theirs = made.filter((change) => change.who === who);
    const isSerial = hasOrder(theirs, { name: null, version: 0, said: null }, found);
    expect({ theirs, found, isSerial }).toEqual({ theirs, found, isSerial: true });
  }
  // Who was in doubt had a fault of their own, or one of their group.
  if (fault === undefined) expect(made.filter(({ told }) => told === "in doubt")).toEqual([]);
};

const deadlock = { number: 1213, state: "40001", text: "Deadlock found when trying to get lock" };

const changes = fc.array(
  fc.record<Change>({
    kind: fc.constantFrom("plain", "plain", "plain", "note", "twice", "reads"),
    who: fc.nat({ max: PEOPLE - 1 }),
    version: fc.constantFrom(0, 0, 0, 1, 2),
    holds: fc.constantFrom(true, true, true, false),
    turn: fc.constantFrom(0, 0, 0, 1, 2, 5),
  }),
  { minLength: 1, maxLength: 12 },
);
const faults = fc.tuple(
  fc.integer({ min: 1, max: 12 }),
  fc.constantFrom<Fault>({ cut: "before" }, { cut: "after" }, { error: deadlock, when: "before" }),
);

it("what everybody is told, and what is there, is as if they had come one after the other", async () => {
  await fc.assert(
    fc.asyncProperty(changes, (all) => play(all, undefined)),
    { numRuns: 60 },
  );
});

it("so it is when something is lost on the way", async () => {
  await fc.assert(fc.asyncProperty(changes, faults, play), { numRuns: 60 });
});

it("an order is looked for, and not found where there is none", () => {
  const made = (part: Partial<Made>): Made => ({
    kind: "plain",
    who: 0,
    version: 0,
    holds: true,
    turn: 0,
    name: "a",
    told: "done",
    ...part,
  });
  const start: State = { name: null, version: 0, said: null };
  const one: State = { name: "a", version: 1, said: "a" };
  const two: State = { name: "b", version: 2, said: "b" };
  const late = made({ name: "b", version: 1 });
  expect(hasOrder([late, made({})], start, two)).toBe(true);
  expect(hasOrder([made({}), made({ name: "b", told: "not done" })], start, one)).toBe(true);
  expect(hasOrder([made({ told: "in doubt" })], start, start)).toBe(true);
  // Told that it is done, and it is not; the other way; both of two that exclude each other; half of one.
  expect(hasOrder([made({})], start, start)).toBe(false);
  expect(hasOrder([made({ told: "not done" })], start, one)).toBe(false);
  expect(hasOrder([made({ told: "not done" })], start, start)).toBe(false);
  expect(hasOrder([made({}), made({ name: "b" })], start, two)).toBe(false);
  expect(hasOrder([made({})], start, { ...one, said: null })).toBe(false);
});
