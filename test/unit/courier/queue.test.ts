import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createQueue } from "../../../src/courier/courier.ts";
import type { NewMessage } from "../../../src/courier/message.ts";
import { createMessageStore } from "../../../src/courier/store.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createJobs } from "../../../src/jobs/engine.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });
const quiet = { info: () => undefined, warn: () => undefined };

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
  await db.execute("DELETE FROM jobs");
  await db.execute("DELETE FROM courier_messages");
});

const messages = createMessageStore(aead);
const createTestQueue = () =>
  createQueue({
    jobs: createJobs({ db, clock: systemClock, aead, log: quiet }),
    messages,
    clock: systemClock,
    metrics: { queued: () => undefined },
    needsIdentity: false,
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
const count = async (table: "jobs" | "courier_messages"): Promise<number> =>
  (await db.query(`SELECT id FROM ${table}`)).length;

describe("a queued message", () => {
  it("is there once its transaction is committed, with the job that delivers it", async () => {
    await db.transaction((tx) => createTestQueue().queue(tx, message));
    const rows = await db.query<{ id: Buffer; status: string; recipient: string }>(
      "SELECT m.id, m.status, m.recipient FROM courier_messages m JOIN jobs j ON j.id = m.id WHERE j.kind = 'courier'",
    );
    expect(rows).toMatchObject([{ status: "queued", recipient: "ann@example.com" }]);
  });

  it("is not there if the transaction is rolled back", async () => {
    const failing = db.transaction(async (tx) => {
      await createTestQueue().queue(tx, message);
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect([await count("jobs"), await count("courier_messages")]).toEqual([0, 0]);
  });

  it("is encrypted, what it says and what the job has", async () => {
    await db.transaction((tx) => createTestQueue().queue(tx, message));
    const [row] = await db.query<{ data: Buffer; payload: Buffer }>(
      "SELECT m.data, j.payload FROM courier_messages m JOIN jobs j ON j.id = m.id",
    );
    expect(row?.data.length).toBeGreaterThan(0);
    for (const bytes of [row?.data, row?.payload]) expect(bytes?.includes("246810")).toBe(false);
  });

  it("is refused whole when its recipient does not fit", async () => {
    const failing = db.transaction((tx) => createTestQueue().queue(tx, { ...message, recipient: "x".repeat(513) }));
    await expect(failing).rejects.toThrow("recipient");
    expect([await count("jobs"), await count("courier_messages")]).toEqual([0, 0]);
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
