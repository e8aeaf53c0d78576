import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database } from "../../../src/db/sql.ts";
import { createSteerableClock, hours } from "../../protocols/clock.ts";
import { type MailServer, startMailServer } from "../../protocols/mail-server.ts";
import { answering, type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";
import { type CourierNode, startNode, until } from "./courier-node.ts";

/* Messages that one node cannot send, because of its configuration or version, wait for one that can. */

let fresh: FreshDatabase;
let db: Database;
let mails: MailServer;
let texts: Receiver;
let nodes: CourierNode[] = [];
beforeAll(async () => {
  fresh = await migratedDatabase();
  db = createDatabase({ dsn: fresh.dsn, poolSize: 2 });
  mails = await startMailServer();
  texts = await startReceiver();
  texts.answer = answering(200, {});
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});
afterAll(async () => {
  await texts?.close();
  await mails?.close();
  await db?.close();
  await fresh?.drop();
});

const start = async (...options: Parameters<typeof startNode> extends [string, ...infer Rest] ? Rest : never) => {
  const node = await startNode(fresh.dsn, ...options);
  nodes.push(node);
  return node;
};
const smtp = () => ({ connection_uri: `smtp://127.0.0.1:${mails.port}/?disable_starttls=true` });
const sms = () => ({ id: "sms", request_config: { url: `${texts.url}/texts`, method: "POST" } });
const dueNow = () =>
  db.execute("UPDATE courier_messages SET run_at = UTC_TIMESTAMP(3) WHERE owner IS NULL AND run_at > 0");
/** Until a node has left a message for others. */
const isLeft = (node: CourierNode) => until(() => node.logged.some((line) => line.includes("left for another node")));

it("a text waits where no channel for texts is configured, and loses no attempt", async () => {
  const without = await start({ smtp: smtp(), message_retries: 0 });
  await without.queue({ channel: "sms", recipient: "+49 1" });
  await isLeft(without);
  await until(async () => (await without.row("+49 1")).status === "queued");
  expect(await without.row("+49 1")).toMatchObject({ send_count: 0, dispatches: [] });
  await start({ smtp: smtp(), channels: [sms()] });
  await until(async () => (await without.row("+49 1")).status === "sent");
  expect(await without.row("+49 1")).toMatchObject({ send_count: 1, dispatches: [{ status: "success" }] });
});

it("a message of a kind that only a later version knows is not sent without words, and waits", async () => {
  const queueing = await start({ smtp: smtp(), worker: { pull_count: 0 } });
  const recipient = "later@example.com";
  await queueing.queue({ recipient });
  await db.execute("UPDATE courier_messages SET template = 'of_a_later_version' WHERE recipient = ?", [recipient]);
  const earlier = await start({ smtp: smtp() });
  await isLeft(earlier);
  await until(async () => (await earlier.row(recipient)).status === "queued");
  expect(await earlier.row(recipient)).toMatchObject({ send_count: 0 });
  expect(mails.mails.filter(({ to }) => to.includes(recipient))).toEqual([]);
  await db.execute("UPDATE courier_messages SET template = 'recovery_valid' WHERE recipient = ?", [recipient]);
  await until(async () => (await earlier.row(recipient)).status === "sent");
});

it("a text that no channel is configured for during an hour is abandoned, and says why", async () => {
  const clock = createSteerableClock();
  const node = await start({ smtp: smtp() }, {}, clock);
  await node.queue({ channel: "sms", recipient: "+49 2", expiresAt: new Date(clock.now().getTime() + hours(9)) });
  await isLeft(node);
  clock.advance(hours(1));
  await until(async () => {
    await dueNow();
    return (await node.row("+49 2")).status === "abandoned";
  });
  expect((await node.row("+49 2")).dispatches).toMatchObject([
    { status: "failed", error: "nothing that sends sms is configured" },
  ]);
  const counts = (await node.metrics()).split("\n").filter((line) => /attempt_seconds_count\{.*"sms"/.test(line));
  expect(counts).toEqual([expect.stringMatching(/outcome="unconfigured"\} 1$/)]);
});
