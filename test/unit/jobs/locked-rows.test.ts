import { randomBytes, randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import { afterAll, beforeAll, it } from "vitest";
import { createDeliverJob } from "../../../src/courier/deliver.ts";
import { createCourierMetrics } from "../../../src/courier/metrics.ts";
import { createRenderMessage } from "../../../src/courier/render.ts";
import { createMessageStore } from "../../../src/courier/store.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database, Sql } from "../../../src/db/sql.ts";
import { createPayloads } from "../../../src/jobs/payloads.ts";
import { createJobStore } from "../../../src/jobs/store.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { uuidBytes } from "../../../src/lib/ids.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/*
 * A row that somebody else has locked, as an erasure does, when it is to be
 * written down that its mail or its delivery was sent.
 */

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });
const ids = Array.from({ length: 6 }, () => randomUUID());
const [, , locked = ""] = ids;

let fresh: FreshDatabase;
let db: Database;
/** Waits for locks for a second and no longer, each a connection that this is set for. */
let hasty: readonly [Database, Database];
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 4 });
  const hurried = () => createDatabase({ dsn: fresh.dsn, only: { connections: 1, timeout: 2_000 } });
  hasty = [hurried(), hurried()];
  for (const each of hasty) await each.execute("SET SESSION innodb_lock_wait_timeout = 1");
});
afterAll(async () => {
  for (const each of hasty ?? []) await each.close();
  await db?.close();
  await fresh?.drop();
});

/** Does work while a row is locked. */
const whileLocked = <T>(table: string, id: string, work: () => Promise<T>): Promise<T> =>
  db.transaction(async (tx: Sql) => {
    await tx.query(`SELECT id FROM ${table} WHERE id = ? FOR UPDATE`, [uuidBytes(id)]);
    return work();
  });
const failed = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  ids.filter((_, at) => outcomes[at]?.status === "rejected");

it.concurrent("a delivery whose row is locked is the only one that cannot be removed", async ({ expect }) => {
  const payloads = createPayloads(aead);
  const store = createJobStore({ db: hasty[0], payloads, owner: randomBytes(16), lease: 60_000 });
  for (const id of ids) await store.insert(db, { id, kind: "test", payload: {} });
  await Promise.all(ids.map(store.claim));
  const outcomes = await whileLocked("jobs", locked, () => Promise.allSettled(ids.map(store.remove)));
  expect(failed(outcomes)).toEqual([locked]);
  expect(await db.query("SELECT id FROM jobs WHERE id <> ?", [uuidBytes(locked)])).toEqual([]);
});

it.concurrent("a mail whose row is locked is the only one whose dispatch cannot be written down", async ({
  expect,
}) => {
  const messages = createMessageStore(aead);
  const now = systemClock.now();
  const data = { code: "246810", expiresInMinutes: 10 };
  const content = { language: "en" as const, requestUrl: "http://127.0.0.1/", data };
  const insert = (id: string) =>
    messages.insert(db, {
      ...{
        id,
        channel: "email",
        template: "verification_code_valid",
        recipient: "ann@example.com",
        content,
        identityId: undefined,
      },
      ...{ createdAt: now, expiresAt: new Date(now.getTime() + 600_000) },
    } as const);
  const sent: string[] = [];
  const kind = createDeliverJob({
    db: hasty[1],
    clock: systemClock,
    messages,
    render: createRenderMessage({ service: "Acme", overrides: new Map(), log: { warn: () => undefined } }),
    deliveries: new Map([
      [
        "email",
        {
          deliver: async ({ id }) => {
            sent.push(id);
            return { kind: "sent" };
          },
          close: () => undefined,
        },
      ],
    ]),
    metrics: createCourierMetrics(new Registry()),
    log: { warn: () => undefined },
    options: {
      ...{ retries: 3, retryDelay: 10, concurrency: 8, timeout: 5_000 },
      ...{ isBusy: () => false, retainsContent: false },
    },
  });
  const deliver = async (some: readonly string[]) => {
    for (const id of some) await insert(id);
    const records = await messages.begin(db, some, { owner: randomBytes(16), lease: 60_000, at: now });
    return () =>
      Promise.allSettled(
        records.map(async (payload, at) => {
          if (payload === undefined) throw new Error("it was not claimed");
          const job = { id: some[at] ?? "", payload, attempt: 1, position: 0 };
          return kind.run(job, new AbortController().signal);
        }),
      );
  };
  // Several go out at once after some that were written down quickly.
  await (await deliver(Array.from({ length: 24 }, () => randomUUID())))();
  const run = await deliver(ids);
  expect(failed(await whileLocked("courier_messages", locked, run))).toEqual([locked]);
  const left = "SELECT id FROM courier_messages WHERE status <> 'sent' AND id <> ?";
  expect(await db.query(left, [uuidBytes(locked)])).toEqual([]);
  expect(sent).toHaveLength(30);
});
