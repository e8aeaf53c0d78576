import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  // What becomes due is looked for that often.
  const courier = { worker: { pull_wait: "50ms" } };
  server = await startServer({ overrides: { courier, database: { cleanup: { courier_messages_older_than: "1h" } } } });
});
afterAll(() => server?.stop());

it("messages are purged when they are as old as the configuration says, whatever became of them", async () => {
  const insert = (age: number, status: string) => {
    const at = new Date(server.clock.now().getTime() - age);
    return server.sql(
      `INSERT INTO courier_messages
         (id, status, channel, template, recipient, data, send_count, dispatches, expires_at, created_at, updated_at)
       VALUES (?, ?, 'email', 'recovery_code_valid', ?, NULL, 1, '[]', ?, ?, ?)`,
      [Buffer.alloc(16, age % 251), status, `${age}@example.com`, at, at, at],
    );
  };
  await insert(0, "sent");
  await insert(3_500_000, "abandoned");
  await insert(3_610_000, "sent");
  await insert(86_400_000, "abandoned");
  const left = async () => {
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'purge' AND owner IS NULL");
    return (await server.sql<{ recipient: string }>("SELECT recipient FROM courier_messages")).map(
      (row) => row.recipient,
    );
  };
  await expect.poll(async () => (await left()).length, { timeout: 8_000 }).toBe(2);
  expect((await left()).sort()).toEqual(["0@example.com", "3500000@example.com"]);
});
