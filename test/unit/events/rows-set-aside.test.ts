import { describe, expect, it, vi } from "vitest";
import { createEventsToRelay } from "../../../src/audit/events-to-relay.ts";
import type { Database } from "../../../src/db/sql.ts";
import { SqlError } from "../../../src/db/sql-error.ts";
import { uuidBytes } from "../../../src/lib/ids.ts";
import { auditFor, receiver, setUpRelays, somebody } from "./relays.ts";

/* Events that no deliveries can be queued for, beside those of others. */

const relays = setUpRelays();
const { counts, purgeAll, queued, record, start, untilNoneIsMarked, warned } = relays;
const audit = auditFor(receiver("crm"));
const { asideFor, countAside, mark } = createEventsToRelay();

/** Spoils the first event of a person in the way that is named. */
const spoil = async (person: string, how: keyof typeof spoilt): Promise<void> => {
  const { affectedRows } = await relays.db.execute(
    `UPDATE security_events SET ${spoilt[how]} WHERE identity_id = ? AND position = 1`,
    [uuidBytes(person)],
  );
  expect(affectedRows).toBe(1);
};
const spoilt = {
  "a job cannot be made of": "created_at = '1960-01-01'",
  "the database refuses the jobs of": `receivers = '${"x".repeat(200)},crm'`,
} as const;
const mend = (person: string) =>
  relays.db.execute(
    `UPDATE security_events SET receivers = 'crm', created_at = UTC_TIMESTAMP(3) WHERE identity_id = ?
      AND position = 1`,
    [uuidBytes(person)],
  );
const idOf = async (person: string): Promise<Buffer> => {
  const [row] = await relays.db.query<{ id: Buffer }>(
    "SELECT id FROM security_events WHERE identity_id = ? AND position = 1",
    [uuidBytes(person)],
  );
  return row?.id ?? Buffer.alloc(0);
};

describe.each(Object.keys(spoilt) as (keyof typeof spoilt)[])("a row that %s", (how) => {
  it("is set aside by two nodes once, says so once without content, and holds up nobody", async () => {
    const [first, bad, last] = [somebody(), somebody(), somebody()];
    for (const person of [first, bad, bad, last]) await record(audit, person);
    await spoil(bad, how);
    start();
    start();
    await untilNoneIsMarked();
    const rest = [`${first} event_crm 1`, `${bad} event_crm 2`, `${last} event_crm 1`];
    expect(await queued()).toEqual(rest.sort());
    expect(await counts()).toEqual({ waiting: 0, aside: 1 });
    const id = (await idOf(bad)).toString("hex");
    expect(warned).toEqual([
      { source: "events", id: expect.any(String), identity: bad, reason: expect.stringMatching(/^[\w ]+/) },
    ]);
    expect((warned[0] as { id: string }).id.replaceAll("-", "")).toBe(id);
    expect(JSON.stringify(warned)).not.toContain("xxx");
    await record(audit, first);
    await untilNoneIsMarked();
    expect([await queued(), warned.length]).toEqual([[...rest, `${first} event_crm 2`].sort(), 1]);
  });

  it("is tried again where it is marked once more, and is queued then", async () => {
    const bad = somebody();
    await record(audit, bad);
    await spoil(bad, how);
    start();
    await untilNoneIsMarked();
    expect((await countAside(relays.db)).get("crm")).toBe(1);
    await mend(bad);
    const found = await asideFor(relays.db, "crm", 10);
    expect(found.map(({ identityId }) => identityId)).toEqual([bad]);
    expect(await mark(relays.db, "crm", found)).toBe(1);
    await untilNoneIsMarked();
    expect(await queued()).toEqual([`${bad} event_crm 1`]);
    expect([await counts(), await countAside(relays.db)]).toEqual([{ waiting: 0, aside: 0 }, new Map()]);
  });
});

it("a row that was set aside is purged like one whose deliveries were queued, and leaves no mark behind", async () => {
  const bad = somebody();
  await record(audit, bad);
  await record(audit, bad);
  await spoil(bad, "the database refuses the jobs of");
  start();
  await untilNoneIsMarked();
  await relays.db.execute("UPDATE security_events SET relay = 2, receivers = 'crm' WHERE position = 2");
  await purgeAll();
  const rows = await relays.db.query("SELECT type, relay, receivers FROM security_events");
  expect(rows).toEqual([{ type: "checkpoint", relay: null, receivers: null }]);
});

it("a row that fails for a temporary reason stays marked, with what follows it, and delays nobody else", async () => {
  const [stuck, other] = [somebody(), somebody()];
  for (const person of [stuck, stuck, other]) await record(audit, person);
  let isFull = true;
  const full: Database = {
    ...relays.db,
    transaction: (work, options) =>
      relays.db.transaction(
        (tx) =>
          work({
            ...tx,
            execute: (sql, values = []) => {
              const isOfStuck = values.some((value) => Buffer.isBuffer(value) && value.equals(uuidBytes(stuck)));
              const parts = {
                errno: 1114,
                code: "ER_RECORD_FILE_FULL",
                constraint: undefined,
                column: undefined,
                transient: false,
              };
              if (isFull && isOfStuck && sql.startsWith("INSERT"))
                throw new SqlError("full (1114)", { ...parts, statement: sql });
              return tx.execute(sql, values);
            },
          }),
        options,
      ),
  };
  start(full);
  await expect.poll(queued, { interval: 10 }).toEqual([`${other} event_crm 1`]);
  expect(await counts()).toEqual({ waiting: 2, aside: 0 });
  isFull = false;
  await untilNoneIsMarked();
  expect(await queued()).toEqual([`${stuck} event_crm 1`, `${stuck} event_crm 2`, `${other} event_crm 1`].sort());
});

it("two nodes begin in different places of a backlog", async () => {
  const people = Array.from({ length: 600 }, somebody).sort();
  await relays.db.transaction((tx) =>
    audit.recordFirst(
      tx,
      people.map((identityId) => ({ identityId, sessionId: undefined, type: "identity.created", outcome: "done" })),
      relays.call,
    ),
  );
  const begun: string[] = [];
  /** The database of a node, with the person whose row it takes first. */
  const watched = (): Database => {
    let isFirst = true;
    return {
      ...relays.db,
      transaction: (work, options) =>
        relays.db.transaction(
          (tx) =>
            work({
              ...tx,
              execute: async (sql, values = []) => {
                if (isFirst) begun.push(String(values[0]));
                isFirst = false;
                // None writes before each has chosen.
                await vi.waitUntil(() => begun.length === 4, { timeout: 10_000, interval: 5 });
                return tx.execute(sql, values);
              },
            }),
          options,
        ),
    };
  };
  for (let node = 0; node < 4; node++) start(watched());
  await untilNoneIsMarked();
  expect(new Set(begun).size).toBeGreaterThan(1);
  expect(await queued()).toEqual(people.map((person) => `${person} event_crm 1`));
});
