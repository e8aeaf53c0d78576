import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createAuditLog } from "../../../src/audit/audit-log.ts";
import { createEventLog } from "../../../src/audit/event-log.ts";
import { createEventsToRelay } from "../../../src/audit/events-to-relay.ts";
import { createPurgeEvents } from "../../../src/audit/purge-events.ts";
import type { Database, Sql, SqlValue } from "../../../src/db/sql.ts";
import { createEventRelay, createOutbox } from "../../../src/events/outbox.ts";
import { eraseIdentity } from "../../../src/identity/erase.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { uuidBytes } from "../../../src/lib/ids.ts";
import { auditFor, receiver, setUpRelays, somebody } from "./relays.ts";

/* Events between the commit of the change that they tell of and the jobs that deliver them. */

const relays = setUpRelays();
const { call, marked, purgeAll, queued, record, start, untilNoneIsMarked } = relays;

describe("an event that receivers want", () => {
  it("is queued for each of them, in its place, by any node after the one that wrote it has died", async () => {
    const audit = auditFor(receiver("crm"), receiver("sms", ["password.*"]), receiver("other", ["login.*"]));
    const person = somebody();
    for (let n = 0; n < 3; n++) await relays.db.transaction((tx) => record(audit, person, tx));
    // The node that wrote them has no relay: it died.
    expect([await queued(), await marked()]).toEqual([[], 3]);
    start();
    await untilNoneIsMarked();
    expect(await queued()).toEqual(
      ["crm", "sms"].flatMap((name) => [1, 2, 3].map((position) => `${person} event_${name} ${position}`)),
    );
  });

  it("is queued once, however many nodes relay, and whoever fails meanwhile", async () => {
    const audit = auditFor(receiver("crm"));
    const people = Array.from({ length: 40 }, somebody);
    let failures = 0;
    const failing: Database = {
      ...relays.db,
      transaction: (work, options) =>
        relays.db.transaction(async (tx) => {
          const result = await work(tx);
          // As if the node had died before the commit.
          if (failures++ % 2 === 0) throw new Error("killed");
          return result;
        }, options),
    };
    for (const on of [relays.db, failing, relays.db, failing]) start(on);
    await Promise.all(
      people.map(async (person) => {
        for (let n = 0; n < 5; n++) await record(audit, person);
      }),
    );
    await untilNoneIsMarked();
    const expected = people.flatMap((person) => [1, 2, 3, 4, 5].map((position) => `${person} event_crm ${position}`));
    expect(await queued()).toEqual(expected.sort());
  });

  it("is queued before what happened later to the same person, and waits for nobody else", async () => {
    const audit = auditFor(receiver("crm"));
    const [slow, quick] = [somebody(), somebody()];
    await record(audit, slow);
    start();
    await untilNoneIsMarked();
    let commit = (): void => undefined;
    const open = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let isWritten = false;
    const first = relays.db.transaction(async (tx) => {
      await record(audit, slow, tx);
      isWritten = true;
      await open;
    });
    await expect.poll(() => isWritten).toBe(true);
    const second = record(audit, slow);
    await record(audit, quick);
    await untilNoneIsMarked();
    expect((await queued()).sort()).toEqual([`${slow} event_crm 1`, `${quick} event_crm 1`].sort());
    commit();
    await Promise.all([first, second]);
    await untilNoneIsMarked();
    expect(await queued()).toContain(`${slow} event_crm 3`);
    expect(await queued()).toHaveLength(4);
  });

  it("is queued soon after its transaction, also where that takes longer than usual", async () => {
    const relay = start(relays.db, 60_000);
    const { wanting } = createOutbox({ receivers: [receiver("crm")] });
    const audit = createAuditLog({
      clock: systemClock,
      digestKey: "key",
      isStreamed: false,
      receivers: { wanting, wake: relay.wake },
    });
    await relays.db.transaction(async (tx) => {
      await record(audit, somebody(), tx);
      await sleep(40);
    });
    await untilNoneIsMarked();
    expect(await queued()).toHaveLength(1);
  });

  it("of somebody who is erased before is queued for nobody, but for what tells of it", async () => {
    const audit = auditFor(receiver("crm"));
    const person = somebody();
    await relays.db.execute(
      `INSERT INTO identities (id, schema_id, state, traits, addresses, credentials, version, created_at, updated_at)
       VALUES (?, 'person', 'active', '{}', '{"verifiable":[],"recovery":[]}', '{}', 1, UTC_TIMESTAMP(3),
       UTC_TIMESTAMP(3))`,
      [uuidBytes(person)],
    );
    await record(audit, person);
    await relays.db.transaction(async (tx) => {
      expect(await eraseIdentity(tx, person)).toBe(true);
      await record(audit, person, tx, "identity.deleted");
      start();
      // The relay waits for it, or finds nothing.
      await sleep(60);
    });
    await untilNoneIsMarked();
    expect(await queued()).toEqual([`${person} event_crm 1`]);
  });

  it("is purged after it was queued, and not before, nor what follows it", async () => {
    const person = somebody();
    const audit = auditFor(receiver("crm", ["login.*"]));
    await record(audit, person);
    await record(audit, person, relays.db, "login.succeeded");
    await record(audit, person);
    const rows = () =>
      relays.db.query<{ type: string }>("SELECT type FROM security_events WHERE identity_id = ? ORDER BY position", [
        uuidBytes(person),
      ]);
    await purgeAll();
    expect((await rows()).map(({ type }) => type)).toEqual(["checkpoint", "login.succeeded", "password.changed"]);
    start();
    await untilNoneIsMarked();
    await purgeAll();
    expect((await rows()).map(({ type }) => type)).toEqual(["checkpoint"]);
  });
});

it("marks are found by the index that has nothing else, and taken off by primary keys", async () => {
  const statements: { readonly sql: string; readonly values: readonly SqlValue[] }[] = [];
  const sql: Sql = {
    ...relays.db,
    query: async (text, values = []) => {
      statements.push({ sql: text, values });
      return relays.db.query(text, values);
    },
    execute: async (text, values = []) => {
      statements.push({ sql: text, values });
      return { affectedRows: 0 };
    },
  };
  const audit = auditFor(receiver("crm"));
  for (let n = 0; n < 3; n++) await record(audit, somebody());
  const source = createEventRelay();
  const [from] = await source.read(sql, 64);
  await source.read(sql, 64, { identityId: from?.identityId ?? "", isAfter: true });
  await source.personAfter(sql, 2);
  await source.counts(sql);
  await createEventsToRelay().asideFor(sql, "crm", 10);
  await createEventsToRelay().countAside(sql);
  await source.unmark(sql, from ? [from] : []);
  await source.setAside(sql, from as never);
  const keys = statements.map(async (each) =>
    (await relays.db.query<{ key: string }>(`EXPLAIN FORMAT=TRADITIONAL ${each.sql}`, each.values)).map(
      ({ key }) => key,
    ),
  );
  expect(await Promise.all(keys)).toEqual([
    ...Array.from({ length: 6 }, () => ["security_events_relay"]),
    ["PRIMARY"],
    ["PRIMARY"],
  ]);
});

describe("an event that is to be delivered once more", () => {
  const findOf = async (person: string) => {
    const found = await createEventLog().list(relays.db, { identityId: person, types: [] }, undefined, 10);
    expect(found.length).toBeGreaterThan(0);
    return found;
  };

  it("is not, if it was purged since it was found, and keeps no other event from being delivered", async () => {
    const [gone, other] = [somebody(), somebody()];
    const audit = auditFor(receiver("crm", ["login.*"]));
    await record(audit, gone);
    const found = await findOf(gone);
    await purgeAll();
    expect(await createEventsToRelay().mark(relays.db, "crm", found)).toBe(0);
    await record(audit, other, relays.db, "login.succeeded");
    start();
    await untilNoneIsMarked();
    expect(await queued()).toEqual([`${other} event_crm 1`]);
  });

  it("is not purged in part, when it is marked while its person's events are being purged", async () => {
    const person = somebody();
    for (let n = 0; n < 3; n++) {
      await record(auditFor(), person);
      // Each has a time of its own.
      await sleep(2);
    }
    const found = await findOf(person);
    let marking: Promise<number> | undefined;
    const interrupted: Database = {
      ...relays.db,
      transaction: (work, options) =>
        relays.db.transaction(
          (tx) =>
            work({
              ...tx,
              query: async (text, values) => {
                const rows = await tx.query(text, values);
                marking ??= createEventsToRelay().mark(relays.db, "crm", found);
                // It is done by then, or waits for this transaction.
                await sleep(100);
                return rows as never;
              },
            }),
          options,
        ),
    };
    const purge = createPurgeEvents({ db: interrupted, digestKey: "key", batchSize: 2, purged: async () => undefined });
    await purge(new Date(Date.now() + 60_000));
    const marks = await marking;
    expect(await marked()).toBe(marks);
    start();
    await untilNoneIsMarked();
    expect(await queued()).toHaveLength(marks ?? -1);
    const left = await relays.db.query<{ type: string }>("SELECT type FROM security_events WHERE identity_id = ?", [
      uuidBytes(person),
    ]);
    // The purge looked at the first two of the three.
    expect(left.map(({ type }) => type).sort()).toEqual(["checkpoint", "password.changed"]);
  });

  it("is delivered once, however often that was asked for before it was queued", async () => {
    const person = somebody();
    await record(auditFor(receiver("sms")), person);
    const found = await findOf(person);
    for (let n = 0; n < 3; n++) expect(await createEventsToRelay().mark(relays.db, "crm", found)).toBe(1);
    start();
    await untilNoneIsMarked();
    expect(await queued()).toEqual(["crm", "sms"].map((name) => `${person} event_${name} 1`));
  });
});

describe("an event that nobody wants", () => {
  it("has no mark and is never queued", async () => {
    const person = somebody();
    const audit = auditFor(receiver("crm", ["login.*"]));
    await record(audit, person);
    const other = somebody();
    const first = [person, other].map((identityId) => ({
      identityId,
      sessionId: undefined,
      type: "identity.created" as const,
      outcome: "done" as const,
    }));
    await audit.recordFirst(relays.db, first.slice(1), call);
    expect(await marked()).toBe(0);
    expect(
      await relays.db.query("SELECT id FROM security_events WHERE identity_id = ? AND receivers IS NOT NULL", [
        uuidBytes(person),
      ]),
    ).toEqual([]);
  });
});

describe("first events of many people", () => {
  it("are queued for whoever wants them", async () => {
    const audit = auditFor(receiver("crm", ["identity.*"]));
    const people = Array.from({ length: 70 }, somebody).sort();
    const events = people.map((identityId) => ({
      identityId,
      sessionId: undefined,
      type: "identity.created" as const,
      outcome: "done" as const,
    }));
    await relays.db.transaction((tx) => audit.recordFirst(tx, events, call));
    start();
    await untilNoneIsMarked();
    expect(await queued()).toEqual(people.map((person) => `${person} event_crm 1`));
  });
});
