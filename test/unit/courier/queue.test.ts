import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createQueue } from "../../../src/courier/courier.ts";
import type { NewMessage } from "../../../src/courier/message.ts";
import { createMessageStore } from "../../../src/courier/store.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });

let fresh: FreshDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 4 });
});
afterAll(async () => {
  await db?.close();
  await fresh?.drop();
});
beforeEach(async () => {
  await db.execute("DELETE FROM courier_messages");
});

const messages = createMessageStore(aead);
const createTestQueue = () =>
  createQueue({
    jobs: { wake: () => undefined },
    messages,
    clock: systemClock,
    metrics: { queued: () => undefined },
    describe: undefined,
  });
const message: NewMessage = {
  template: "verification_code_valid",
  channel: "email",
  recipient: "ann@example.com",
  locale: "de",
  data: { code: "246810", expiresInMinutes: 10 },
  requestUrl: "http://127.0.0.1/self-service/verification/browser",
  expiresAt: new Date(Date.now() + 600_000),
  budget: { none: "a test sends it" },
};
const count = async (): Promise<number> => (await db.query("SELECT id FROM courier_messages")).length;

describe("a queued message", () => {
  it("is there once its transaction is committed, and due at once", async () => {
    const [id] = await db.transaction(async (tx) => {
      await createTestQueue().queue(tx, message);
      return messages.due(tx, 10);
    });
    expect(await messages.due(db, 10)).toEqual([id]);
    expect(await messages.find(db, id ?? "")).toMatchObject({ status: "queued", recipient: "ann@example.com" });
    expect(await messages.countWaiting(db)).toBe(1);
  });

  it("is not there if the transaction is rolled back", async () => {
    const failing = db.transaction(async (tx) => {
      await createTestQueue().queue(tx, message);
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect(await count()).toBe(0);
  });

  it("is encrypted, what it says", async () => {
    await db.transaction((tx) => createTestQueue().queue(tx, message));
    const [row] = await db.query<{ data: Buffer }>("SELECT data FROM courier_messages");
    expect(row?.data.length).toBeGreaterThan(0);
    expect(row?.data.includes("246810")).toBe(false);
  });

  it("is refused whole when its recipient does not fit", async () => {
    const failing = db.transaction((tx) => createTestQueue().queue(tx, { ...message, recipient: "x".repeat(513) }));
    await expect(failing).rejects.toThrow("recipient");
    expect(await count()).toBe(0);
  });
});

describe("a message that waits", () => {
  const [here, there] = [1, 2].map((n) => ({ owner: Buffer.alloc(16, n), lease: 60_000, at: new Date() }));
  const queueOne = async (): Promise<string> => {
    await db.transaction((tx) => createTestQueue().queue(tx, message));
    const [id] = await messages.due(db, 1);
    return id ?? "";
  };
  const mine = here ?? { owner: Buffer.alloc(16), lease: 0, at: new Date() };

  it("is claimed by one node, until its lease is over", async () => {
    const id = await queueOne();
    const first = await Promise.all([here, there].flatMap((node) => (node ? [messages.begin(db, [id], node)] : [])));
    expect(first.flat().filter((claimed) => claimed !== undefined)).toMatchObject([{ id, sendCount: 1 }]);
    expect(await messages.due(db, 10)).toEqual([]);
    await db.execute("UPDATE courier_messages SET run_at = UTC_TIMESTAMP(3)");
    const other = { ...mine, owner: Buffer.alloc(16, 3) };
    // The attempt of a node that was lost is made again.
    expect(await messages.begin(db, [id], other)).toMatchObject([{ id, sendCount: 1, lost: 1 }]);
    expect(await messages.renew(db, id, mine)).toBe(false);
    expect(await messages.renew(db, id, other)).toBe(true);
  });

  it("is due again where it was given back, and never again once it was sent or given up", async () => {
    const id = await queueOne();
    await messages.begin(db, [id], mine);
    await messages.release(db, id, { owner: mine.owner, delay: 0, sendCount: 0, at: mine.at });
    expect(await messages.find(db, id)).toMatchObject({ status: "queued", sendCount: 0 });
    expect(await messages.due(db, 10)).toEqual([id]);
    await messages.begin(db, [id], mine);
    await messages.settleSent(db, [{ id, dispatches: [] }], { erase: true, at: mine.at });
    // A node that was away for longer than its lease does not undo that.
    await messages.settle(db, id, { status: "processing", dispatches: [], erase: false, at: mine.at });
    await messages.release(db, id, { owner: mine.owner, delay: 0, sendCount: 0, at: mine.at });
    expect(await messages.find(db, id)).toMatchObject({ status: "sent", content: undefined });
    const another = await queueOne();
    await messages.begin(db, [another], mine);
    await messages.abandon(db, another, { owner: mine.owner, at: mine.at });
    expect(await messages.find(db, another)).toMatchObject({ status: "abandoned", content: undefined });
    expect([await messages.due(db, 10), await messages.countWaiting(db)]).toEqual([[], 0]);
  });
});

describe("messages that operators look for", () => {
  it("are found by an index, whatever they are looked for by", async () => {
    const { queue } = createTestQueue();
    await db.transaction(async (tx) => {
      for (let n = 0; n < 300; n++) await queue(tx, { ...message, recipient: `person-${n}@example.com` });
    });
    await db.execute("UPDATE courier_messages SET status = 'sent' WHERE recipient <> 'person-7@example.com'");
    await db.query("ANALYZE TABLE courier_messages");
    const first = { status: undefined, recipient: undefined, before: undefined, limit: 11 };
    const [newest] = await messages.list(db, first);
    const seen: string[] = [];
    const watched = {
      ...db,
      query: async <Row>(sql: string, params?: Parameters<Database["query"]>[1]) => {
        const [plan] = await db.query<{ key: string | null }>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, params);
        seen.push(plan?.key ?? "none");
        return db.query<Row>(sql, params);
      },
    };
    const page = { ...first, before: newest?.id };
    expect(await messages.list(watched, page)).toHaveLength(11);
    expect(await messages.list(watched, { ...page, recipient: "person-3@example.com" })).toHaveLength(1);
    expect(await messages.list(watched, { ...first, status: "queued" })).toMatchObject([
      { recipient: "person-7@example.com" },
    ]);
    expect(await messages.find(watched, newest?.id ?? "")).toMatchObject({ id: newest?.id });
    expect(seen).toEqual(["PRIMARY", "courier_messages_recipient", "courier_messages_status", "PRIMARY"]);
  });
});

it("messages that are due are found among those that were sent by their times alone", async () => {
  const { queue } = createTestQueue();
  await db.transaction(async (tx) => {
    for (let n = 0; n < 300; n++) await queue(tx, { ...message, recipient: `later-${n}@example.com` });
  });
  await db.execute("UPDATE courier_messages SET run_at = NULL WHERE recipient <> 'later-7@example.com'");
  const plans: unknown[] = [];
  const watched = {
    ...db,
    query: async <Row>(sql: string) => {
      const [plan] = await db.query<Record<"type" | "key", string>>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`);
      plans.push([plan?.type, plan?.key]);
      return db.query<Row>(sql);
    },
  };
  expect(await messages.due(watched, 10)).toHaveLength(1);
  expect(plans).toEqual([["range", "courier_messages_due"]]);
});
