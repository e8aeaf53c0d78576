import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database, SqlValue } from "../../../src/db/sql.ts";
import { SqlError } from "../../../src/db/sql-error.ts";
import { uuid4 } from "../../../src/lib/ids.ts";
import { type CausedMessages, createMessageLimit, type SecretMessage } from "../../../src/limits/message-limit.ts";
import { createSteerableClock, hours, minutes } from "../../protocols/clock.ts";
import { createGate } from "../../protocols/gate.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* How requests for messages are counted together, in which rows, and when there is room again. */

const clock = createSteerableClock();
let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 8 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

const key = "k".repeat(16);
const config = { window: hours(1), per_address: 2, per_device: 2, per_network: 50, per_identity: 50 };
const limitOn = (on: Database) => createMessageLimit({ db: on, clock, config, key });
const to = (): SecretMessage => ({ purpose: "secret", address: `${uuid4()}@example.com`, device: undefined });
const changing = (identityId: string): CausedMessages => ({ changed: { identityId, messages: 1, about: "merge" } });

/** Of a budget. */
const digestOf = (kind: string, value: string): Buffer =>
  createHmac("sha256", key).update(`attempts ${kind} ${value}`).digest();
const holds = (params: readonly SqlValue[], digest: Buffer): boolean =>
  params.some((value) => Buffer.isBuffer(value) && value.equals(digest));

describe("the seconds until there is a message again", () => {
  it("are those of the first that there is, and one at least", async () => {
    const limit = limitOn(db);
    const [early, late] = [to(), to()];
    await db.transaction((tx) => limit.consume(tx, early));
    clock.advance(minutes(20));
    await db.transaction((tx) => limit.consume(tx, late));
    expect(await limit.secondsUntilNext(db, [late])).toBe(3_600);
    expect(await limit.secondsUntilNext(db, [late, early])).toBe(2_400);
    expect(await limit.secondsUntilNext(db, [late, to()])).toBe(1);
  });
});

describe("a message of a request that was not counted for it", () => {
  it("is counted where it is queued", async () => {
    const limit = limitOn(db);
    const message = to();
    const queue = () => db.transaction((tx) => limit.consume(tx, { ...message, call: { remoteAddress: "10.8.0.1" } }));
    expect([await queue(), await queue(), await queue()].map((counted) => counted !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe("requests that come together", () => {
  const call = () => ({ remoteAddress: "10.8.1.1" });

  it.each([
    ["an address", "message address", (to: SecretMessage) => ({ recipients: [to] })],
    ["a person", "message identity", (_: SecretMessage, identityId: string) => changing(identityId)],
  ])(
    "do not wait for the next one of %s that somebody has locked",
    async (_, kind, causedBy) => {
      const gate = createGate();
      const limit = limitOn(gate.wrap(db));
      const [message, identityId] = [to(), uuid4()];
      const digest = digestOf(kind, kind === "message address" ? message.address : identityId);
      const [begun, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      gate.watch(async (_statement, params) => {
        if (!holds(params, digest)) return;
        begun.resolve();
        await free.promise;
      });
      const ask = () => limit.consumeOrThrow(call(), causedBy(message, identityId));
      const askForOther = () => limit.consumeOrThrow(call(), { recipients: [to()] });
      const held = [ask()];
      await begun.promise;
      // Comes after it, once it is seen that it takes long.
      await askForOther();
      held.push(ask());
      await askForOther();
      free.resolve();
      await Promise.all(held);
    },
    20_000,
  );

  const deadlock = () =>
    new SqlError("Deadlock found", {
      errno: 1213,
      code: "ER_LOCK_DEADLOCK",
      constraint: undefined,
      column: undefined,
      statement: "INSERT",
      transient: true,
    });

  it("are counted one by one after a deadlock", async () => {
    const gate = createGate();
    const limit = limitOn(gate.wrap(db));
    const messages = [to(), to(), to()];
    const digests = messages.map(({ address }) => digestOf("message address", address));
    let [together, alone] = [0, 0];
    gate.watch(async (statement, params) => {
      if (!statement.startsWith("INSERT")) return;
      const count = digests.filter((digest) => holds(params, digest)).length;
      if (count === 1) alone += 1;
      if (count < 2) return;
      together += 1;
      throw deadlock();
    });
    await Promise.all(messages.map((message) => limit.consumeOrThrow(call(), { recipients: [message] })));
    expect([together, alone]).toEqual([1, 3]);
  });

  it("lock the row of their network last, which all of them share", async () => {
    const gate = createGate();
    const network = digestOf("message network", "10.8.2.1");
    let place: number | undefined;
    gate.watch(async (_statement, params) => {
      place ??= params.filter(Buffer.isBuffer).findIndex((value) => value.equals(network));
    });
    const recipients = Array.from({ length: 12 }, to);
    await limitOn(gate.wrap(db)).consumeOrThrow({ remoteAddress: "10.8.2.1" }, { recipients });
    expect(place).toBe(12);
  });
});

it("every release counts in the rows in which the one before did", async () => {
  const [message, identityId] = [to(), uuid4()];
  await limitOn(db).consumeOrThrow(
    { remoteAddress: "10.8.3.1" },
    {
      ...changing(identityId),
      recipients: [message, { ...message, device: "d" }, { purpose: "notice", address: message.address }],
    },
  );
  const rows = await db.query<{ bucket: Buffer }>("SELECT bucket FROM attempts", []);
  const found = new Set(rows.map(({ bucket }) => bucket.toString("hex")));
  for (const [kind, value] of [
    ["message network", "10.8.3.1"],
    ["message identity", identityId],
    ["message address", message.address],
    ["message address", `notice ${message.address}`],
    ["message device", `d ${message.address}`],
  ] as const)
    expect([kind, found.has(digestOf(kind, value).toString("hex"))]).toEqual([kind, true]);
});
