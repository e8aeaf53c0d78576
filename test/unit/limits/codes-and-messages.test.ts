import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { uuid4 } from "../../../src/lib/ids.ts";
import { createCodeGuesses, type GuessVerdict } from "../../../src/limits/code-guesses.ts";
import { createBuckets } from "../../../src/limits/counts.ts";
import { createMessageLimit } from "../../../src/limits/message-limit.ts";
import { createRateLimiter } from "../../../src/limits/rate-limiter.ts";
import { createSteerableClock, hours, minutes, seconds } from "../../protocols/clock.ts";
import { createGate } from "../../protocols/gate.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

const clock = createSteerableClock();
let fresh: FreshDatabase;
let nodes: readonly [Database, Database];

beforeAll(async () => {
  fresh = await migratedDatabase();
  nodes = [createDatabase({ dsn: fresh.dsn, poolSize: 5 }), createDatabase({ dsn: fresh.besideDsn, poolSize: 5 })];
});

afterAll(async () => {
  await Promise.all(nodes?.map((db) => db.close()) ?? []);
  await fresh?.drop();
});

const guessesOn = (db: Database) =>
  createCodeGuesses({
    db,
    clock,
    config: { window: hours(1), per_address: 20, per_identity: 30, per_device: 7 },
    perFlow: 5,
    key: "k".repeat(16),
  });
const messagesOn = (db: Database) =>
  createMessageLimit({
    db,
    clock,
    config: { window: hours(1), per_address: 3, per_device: 2, per_network: 4, per_identity: 2 },
    key: "k".repeat(16),
  });
const digestOf = (to: string): Buffer => createBuckets("k".repeat(16))("message address", to, 1).digest;
const newFlow = () => ({ id: uuid4(), expiresAt: new Date(clock.now().getTime() + hours(1)) });
const address = () => `${uuid4()}@example.com`;
const stranger = (to: string) => ({ flow: newFlow(), address: to, identityId: undefined, device: undefined });

describe("guesses at codes", () => {
  it("are five in a flow, whichever node they come to and however many at once", async () => {
    const guess = stranger(address());
    const verdicts = await Promise.all(
      Array.from({ length: 12 }, (_, n) => guessesOn(nodes[n % 2 === 0 ? 0 : 1]).count(guess)),
    );
    expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(5);
    expect(verdicts.filter(({ kind }) => kind === "flow_used_up")).toHaveLength(7);
  });

  it("are counted for an address over all flows", async () => {
    const to = address();
    const guesses = guessesOn(nodes[0]);
    const verdicts: GuessVerdict[] = [];
    for (let n = 0; n < 50; n++) verdicts.push(await guesses.count(stranger(to)));
    expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(20);
    expect(verdicts.at(-1)).toEqual({ kind: "wait", seconds: 3600 });
    clock.advance(hours(1) + seconds(1));
    expect((await guesses.count(stranger(to))).kind).toBe("allowed");
  });

  it("for an address are no more by more flows, however many guess at once on several nodes", async () => {
    const to = address();
    const all = nodes.map(guessesOn);
    const verdicts: GuessVerdict[] = [];
    // Ten thousand flows with five guesses each end like these: beyond the first twenty, nothing is compared.
    for (let round = 0; round < 3; round++) {
      const flows = Array.from({ length: 10 }, () => stranger(to));
      const guesses = flows.flatMap((guess) => Array.from({ length: 5 }, () => guess));
      verdicts.push(
        ...(await Promise.all(guesses.map((guess, n) => all[n % 2]?.count(guess) as Promise<GuessVerdict>))),
      );
    }
    expect(verdicts).toHaveLength(150);
    expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(20);
    expect(verdicts.slice(50).every(({ kind }) => kind === "wait")).toBe(true);
  });

  it("are counted for a person over all addresses, and look like wrong codes beyond", async () => {
    const identityId = uuid4();
    const guesses = guessesOn(nodes[0]);
    const verdicts: GuessVerdict[] = [];
    for (const to of [address(), address()])
      for (let n = 0; n < 20; n++) verdicts.push(await guesses.count({ ...stranger(to), identityId }));
    expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(30);
    expect(verdicts.filter(({ kind }) => kind === "wrong")).toHaveLength(10);
  });

  it("on a known device have a budget of their own, which strangers do not use up", async () => {
    const [to, identityId] = [address(), uuid4()];
    const guesses = guessesOn(nodes[0]);
    for (let n = 0; n < 40; n++) await guesses.count({ ...stranger(to), identityId });
    const known = () => guesses.count({ ...stranger(to), identityId, device: "d" });
    for (let n = 0; n < 7; n++) expect((await known()).kind).toBe("allowed");
    expect((await known()).kind).toBe("wait");
  });

  it("on all known devices of a person are counted together, however often they sign in", async () => {
    const [to, identityId] = [address(), uuid4()];
    const guesses = guessesOn(nodes[0]);
    const verdicts: GuessVerdict[] = [];
    for (let n = 0; n < 35; n++) verdicts.push(await guesses.count({ ...stranger(to), identityId, device: `d${n}` }));
    expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(30);
    expect(verdicts.at(-1)).toEqual({ kind: "wrong" });
    // Strangers have their own.
    expect((await guesses.count({ ...stranger(to), identityId })).kind).toBe("allowed");
  });
});

describe("what counting costs", () => {
  it("is one statement for a first guess at a code, and two for the next, in one transaction", async () => {
    const gate = createGate();
    const guesses = guessesOn(gate.wrap(nodes[0]));
    const guess = { ...stranger(address()), identityId: uuid4() };
    await guesses.count(guess);
    expect(gate.statements.map((statement) => statement.slice(0, 6))).toEqual(["INSERT"]);
    await guesses.count(guess);
    expect(gate.statements.map((statement) => statement.slice(0, 6))).toEqual(["INSERT", "INSERT", "SELECT"]);
  });

  it("is three statements for a sign-in that succeeds: counted, read, and taken back", async () => {
    const gate = createGate();
    const attempts = createRateLimiter({
      db: gate.wrap(nodes[0]),
      clock,
      config: {
        window: minutes(15),
        per_identifier: 5,
        per_network: 50,
        per_device: 5,
        per_session: 5,
        per_second_factor: 5,
        longest_wait: 1,
      },
      key: "k".repeat(16),
    });
    const signIn = (failed: boolean) =>
      attempts.attempt(attempts.loginBuckets("ann@example.com", "10.3.0.1"), async () => ({ failed, value: 0 }));
    await signIn(true);
    const before = gate.statements.length;
    for (let n = 0; n < 20; n++) expect(await signIn(false)).toEqual({ kind: "made", value: 0 });
    const kinds = gate.statements.slice(before).map((statement) => statement.slice(0, 6));
    expect(kinds).toEqual(Array.from({ length: 20 }, () => ["INSERT", "SELECT", "UPDATE"]).flat());
    // What succeeded has used nothing up.
    for (let n = 0; n < 4; n++) expect((await signIn(true)).kind).toBe("made");
    expect((await signIn(true)).kind).toBe("wait");
  });
});

describe("messages", () => {
  it("to an address are so many over all nodes, until the window is over", async () => {
    const request = { purpose: "secret", address: address(), device: undefined } as const;
    const send = async (db: Database) =>
      (await db.transaction((tx) => messagesOn(db).consume(tx, request))) !== undefined;
    const sent = await Promise.all(Array.from({ length: 8 }, (_, n) => send(nodes[n % 2 === 0 ? 0 : 1])));
    expect(sent.filter(Boolean)).toHaveLength(3);
    clock.advance(hours(1) + seconds(1));
    expect(await send(nodes[0])).toBe(true);
  });

  it("asked for on a known device are counted apart", async () => {
    const [db] = nodes;
    const to = address();
    const send = async (device: string | undefined) =>
      (await db.transaction((tx) => messagesOn(db).consume(tx, { purpose: "secret", address: to, device }))) !==
      undefined;
    for (let n = 0; n < 5; n++) await send(undefined);
    expect(await send(undefined)).toBe(false);
    expect([await send("d"), await send("d"), await send("d"), await send("e")]).toEqual([true, true, false, true]);
  });

  it("asked for from one network are refused beyond the limit, with the seconds to wait", async () => {
    const limit = messagesOn(nodes[0]);
    for (let n = 0; n < 4; n++) await limit.consumeOrThrow({ remoteAddress: "2001:db8::1" });
    clock.advance(minutes(20));
    await expect(limit.consumeOrThrow({ remoteAddress: "2001:db8::ffff" })).rejects.toMatchObject({
      row: { status: 429 },
      parts: { headers: { "retry-after": "2400" } },
    });
    await limit.consumeOrThrow({ remoteAddress: "2001:db8:1::1" });
  });

  it("that a person causes are refused beyond the limit, whichever node they come to", async () => {
    const id = uuid4();
    const limitOn = (n: number) => messagesOn(nodes[n % 2 === 0 ? 0 : 1]);
    // Each from a network of its own.
    const consume = (n: number, identityId = id) =>
      limitOn(n).consumeOrThrow(
        { remoteAddress: `10.2.0.${n}` },
        { changed: { identityId, messages: 1, about: "verification" } },
      );
    const ended = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => consume(n)));
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    await consume(7, uuid4());
  });

  it("are counted once for a call, however often its steps are taken", async () => {
    const limit = messagesOn(nodes[0]);
    const call = { remoteAddress: "2001:db8:2::1" };
    const id = uuid4();
    for (let n = 0; n < 9; n++) {
      await limit.consumeOrThrow(call);
      await limit.consumeOrThrow(call, { changed: { identityId: id, messages: 2, about: "verification" } });
    }
  });

  it("that are counted with their request are not counted again where they are queued", async () => {
    const [db, other] = nodes;
    const recipient = { purpose: "secret", address: address(), device: undefined } as const;
    const ask = async (on: Database, n: number): Promise<boolean> => {
      const limit = messagesOn(on);
      const call = { remoteAddress: `10.3.0.${n}` };
      await limit.consumeOrThrow(call, { recipients: [recipient] });
      const consume = () => on.transaction((tx) => limit.consume(tx, { ...recipient, call }));
      const [counted, again] = [await consume(), await consume()];
      expect(again).toBe(counted);
      return counted !== undefined;
    };
    const sent = await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n % 2 === 0 ? db : other, n)));
    expect(sent.filter(Boolean)).toHaveLength(3);
  });

  it("of a request that is refused count for nobody", async () => {
    const limit = messagesOn(nodes[0]);
    const to = { purpose: "secret", address: address(), device: undefined } as const;
    const recipients = [to];
    const changed = { identityId: uuid4(), messages: 3, about: "verification" } as const;
    for (let n = 0; n < 5; n++)
      await expect(limit.consumeOrThrow({ remoteAddress: "10.4.0.1" }, { changed, recipients })).rejects.toThrow();
    for (let n = 0; n < 3; n++) {
      const call = { remoteAddress: `10.4.1.${n}` };
      await limit.consumeOrThrow(call, { recipients });
      expect(await nodes[0].transaction((tx) => limit.consume(tx, { ...to, call }))).toBeDefined();
    }
  });
});

describe("counting beside a row that somebody has locked", () => {
  it("goes on for all but those that count on it", async () => {
    const [db, other] = nodes;
    const limit = messagesOn(db);
    const to = { purpose: "secret", address: address(), device: undefined } as const;
    const ask = (n: number, recipient = to) =>
      limit.consumeOrThrow({ remoteAddress: "10.5.0.1" }, { recipients: [{ ...recipient, device: `d${n}` }] });
    const locked = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    await ask(0);
    const holder = other.transaction(async (tx) => {
      await messagesOn(other).consume(tx, { ...to, device: "d0" });
      locked.resolve();
      await free.promise;
    });
    await locked.promise;
    let isHeld = true;
    const waiting = ask(0).finally(() => {
      isHeld = false;
    });
    // Of the same network, after it and while it waits.
    await sleep(20);
    for (let n = 1; n < 3; n++) await ask(n);
    expect(isHeld).toBe(true);
    free.resolve();
    await Promise.all([holder, waiting]);
  });

  it("fails for the one alone whose row cannot be counted, and not for those that came with it", async () => {
    const bad = { purpose: "secret", address: address(), device: undefined } as const;
    const gate = createGate();
    const limit = messagesOn(gate.wrap(nodes[0]));
    const ask = (n: number, recipient: typeof bad) =>
      limit.consumeOrThrow({ remoteAddress: `10.6.${n}.1` }, { recipients: [recipient] });
    const digest = digestOf(bad.address);
    gate.watch(async (_statement, params) => {
      if (params.some((value) => Buffer.isBuffer(value) && value.equals(digest))) throw new Error("a broken row");
    });
    const others = Array.from({ length: 12 }, () => ({ ...bad, address: address() }));
    const ended = await Promise.allSettled([ask(0, bad), ...others.map((other, n) => ask(n + 1, other))]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", ...others.map(() => "fulfilled")]);
  });
});
