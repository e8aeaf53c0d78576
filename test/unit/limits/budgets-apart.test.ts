import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { uuid4 } from "../../../src/lib/ids.ts";
import { createCodeGuesses } from "../../../src/limits/code-guesses.ts";
import { createMessageLimit, type MessageRequest } from "../../../src/limits/message-limit.ts";
import { createSteerableClock, hours, minutes, seconds } from "../../protocols/clock.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* Which guesses and messages share a budget, and which do not. */

const clock = createSteerableClock();
let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 5 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});

const key = "k".repeat(16);
const address = () => `${uuid4()}@example.com`;
const flow = (lifespan = hours(1)) => ({ id: uuid4(), expiresAt: new Date(clock.now().getTime() + lifespan) });

describe("guesses at codes", () => {
  const guessesWith = (most: object, perFlow = 100) =>
    createCodeGuesses({
      db,
      clock,
      config: { window: hours(1), per_address: 100, per_identity: 100, per_device: 100, ...most },
      perFlow,
      key,
    });

  it("at addresses that nobody has share nothing but the address", async () => {
    const guesses = guessesWith({ per_identity: 1 });
    const guess = (to: string) =>
      guesses.count({ flow: flow(), address: to, identityId: undefined, device: undefined });
    for (let n = 0; n < 3; n++) expect(await guess(address())).toEqual({ kind: "allowed" });
    const again = address();
    await guess(again);
    expect(await guess(again)).toEqual({ kind: "wrong" });
  });

  it("on a known device share one budget for all addresses of a person, and have one for each person", async () => {
    const guesses = guessesWith({ per_device: 2 });
    const [ann, bob, device] = [uuid4(), uuid4(), uuid4()];
    const guess = (identityId: string) => guesses.count({ flow: flow(), address: address(), identityId, device });
    expect([await guess(ann), await guess(ann)]).toEqual([{ kind: "allowed" }, { kind: "allowed" }]);
    expect(await guess(ann)).toEqual({ kind: "wait", seconds: 3_600 });
    expect(await guess(bob)).toEqual({ kind: "allowed" });
  });

  it("on all known devices of a person share one more, apart from that of strangers", async () => {
    const guesses = guessesWith({ per_identity: 2 });
    const ann = uuid4();
    const guess = (device: string | undefined) =>
      guesses.count({ flow: flow(), address: address(), identityId: ann, device });
    expect([await guess(uuid4()), await guess(uuid4())]).toEqual([{ kind: "allowed" }, { kind: "allowed" }]);
    expect(await guess(uuid4())).toEqual({ kind: "wrong" });
    expect(await guess(undefined)).toEqual({ kind: "allowed" });
  });

  it("in a flow are counted until it ends, and no longer", async () => {
    const guesses = guessesWith({}, 2);
    const short = flow(minutes(10));
    const guess = () => guesses.count({ flow: short, address: address(), identityId: undefined, device: undefined });
    for (let n = 0; n < 2; n++) {
      expect(await guess()).toEqual({ kind: "allowed" });
      clock.advance(minutes(4));
    }
    expect(await guess()).toEqual({ kind: "flow_used_up" });
    const rows = await db.query<{ expires_at: Date }>("SELECT expires_at FROM attempts WHERE expires_at = ?", [
      short.expiresAt,
    ]);
    expect(rows).toHaveLength(1);
  });

  it("are counted in the same rows by every release", async () => {
    const guesses = guessesWith({});
    const [known, strange] = [flow(), flow()];
    const [ann, to, unknown] = [uuid4(), address(), address()];
    await guesses.count({ flow: known, address: to, identityId: ann, device: "d" });
    await guesses.count({ flow: strange, address: to, identityId: ann, device: undefined });
    await guesses.count({ flow: flow(), address: unknown, identityId: undefined, device: undefined });
    await guesses.count({ flow: flow(), address: unknown, identityId: undefined, device: "d" });
    const rows = await db.query<{ bucket: Buffer }>("SELECT bucket FROM attempts", []);
    const found = new Set(rows.map(({ bucket }) => bucket.toString("hex")));
    const names = [
      ...[known, strange].map(({ id }) => `code flow ${id}`),
      ...[to, unknown].map((each) => `code address ${each}`),
      ...[ann, `nobody ${unknown}`].map((each) => `code identity ${each}`),
      ...[ann, `nobody ${unknown}`].map((each) => `code devices of identity ${each}`),
      ...[ann, unknown].map((each) => `code device d ${each}`),
    ];
    const missing = names.filter(
      (name) => !found.has(createHmac("sha256", key).update(`attempts ${name}`).digest("hex")),
    );
    expect(missing).toEqual([]);
  });

  it("are not counted where the database does not answer, which is an error and no verdict", async () => {
    const lost = createDatabase({ dsn: fresh.dsn, poolSize: 1 });
    await lost.close();
    const config = { window: hours(1), per_address: 9, per_identity: 9, per_device: 9 };
    const guesses = createCodeGuesses({ db: lost, clock, config, perFlow: 9, key });
    const guess = { flow: flow(), address: address(), identityId: undefined, device: undefined };
    await expect(guesses.count(guess)).rejects.toBeInstanceOf(Error);
  });
});

describe("messages", () => {
  const most = { window: hours(1), per_address: 2, per_device: 2, per_network: 4, per_identity: 2 };
  const limit = () => createMessageLimit({ db, clock, config: most, key });
  const isSent = async (message: MessageRequest) =>
    (await db.transaction((tx) => limit().consume(tx, message))) !== undefined;

  it("of each purpose have a budget of their own at an address", async () => {
    const to = address();
    const codes = { purpose: "secret", address: to, device: undefined } as const;
    expect([await isSent(codes), await isSent(codes), await isSent(codes)]).toEqual([true, true, false]);
    for (const purpose of ["notice", "deletion", "merge", "invitation"] as const) {
      const message = { purpose, address: to };
      expect([await isSent(message), await isSent(message), await isSent(message)]).toEqual([true, true, false]);
      expect(await isSent({ purpose, address: address() })).toBe(true);
    }
  });

  it("that are asked for at the same moment on one node count together", async () => {
    const messages = limit();
    const call = () => ({ remoteAddress: "10.9.0.1" });
    await messages.consumeOrThrow(call());
    const ended = await Promise.allSettled(Array.from({ length: 9 }, () => messages.consumeOrThrow(call())));
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    clock.advance(hours(1) + seconds(1));
    await messages.consumeOrThrow(call());
  });

  it("to an address are counted once for a call that asks for them again", async () => {
    const messages = limit();
    const message = { purpose: "secret", address: address(), device: undefined } as const;
    const call = { remoteAddress: "10.9.0.5" };
    for (let n = 0; n < 4; n++) await messages.consumeOrThrow(call, { recipients: [message] });
    expect([await isSent(message), await isSent(message)]).toEqual([true, false]);
  });

  it("of two people whom one call changes are counted for each", async () => {
    const messages = limit();
    const call = { remoteAddress: "10.9.0.2" };
    const change = (identityId: string, about: "deletion" | "merge") =>
      messages.consumeOrThrow(call, { changed: { identityId, messages: 2, about } });
    const [ann, bob] = [uuid4(), uuid4()];
    await change(ann, "deletion");
    await change(ann, "deletion");
    await change(bob, "deletion");
    for (const identityId of [ann, bob])
      await expect(
        messages.consumeOrThrow(
          { remoteAddress: "10.9.0.3" },
          { changed: { identityId, messages: 1, about: "deletion" } },
        ),
      ).rejects.toMatchObject({ row: { status: 429 } });
  });

  it("of a call that was refused stay refused, and are counted no more, when its steps are repeated", async () => {
    const messages = limit();
    for (let n = 0; n < 4; n++) await messages.consumeOrThrow({ remoteAddress: "10.9.0.4" });
    const call = { remoteAddress: "10.9.0.4" };
    await expect(messages.consumeOrThrow(call)).rejects.toMatchObject({ row: { status: 429 } });
    clock.advance(hours(1) + seconds(1));
    await expect(messages.consumeOrThrow(call)).rejects.toMatchObject({ row: { status: 429 } });
    await messages.consumeOrThrow({ remoteAddress: "10.9.0.4" });
  });
});
