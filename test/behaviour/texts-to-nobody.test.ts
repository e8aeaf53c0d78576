import { afterAll, beforeAll, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless } from "../protocols/codes.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { newPhone } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { answering, type Receiver, startReceiver } from "../protocols/receiver.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Where accounts are hidden, a number that nobody has gets no text message, and strangers write no warnings. */

let texts: Receiver;
let server: TestServer;
beforeAll(async () => {
  texts = await startReceiver();
  texts.answer = answering(200, {});
  server = await startServer({
    overrides: merge(passwordless, {
      security: { account_enumeration: { mitigate: true } },
      courier: { channels: [{ id: "sms", request_config: { url: `${texts.url}/texts`, method: "POST" } }] },
    }),
  });
});
afterAll(async () => {
  await server?.stop();
  await texts?.close();
});

it("a code for a number that nobody has is ended unsent, and the log has no warning of it", async () => {
  const phone = newPhone();
  const visitor = nativeRest.enter(server);
  const { id } = accepted(await visitor.login.create());
  refused(await visitor.login.update(id, { method: "code", identifier: phone }));
  const statusOf = async () => {
    const rows = await server.sql<{ status: string }>("SELECT status FROM courier_messages WHERE recipient = ?", [
      phone,
    ]);
    return rows.map(({ status }) => status);
  };
  await expect.poll(statusOf, { timeout: 15_000 }).toEqual(["abandoned"]);
  // The message is written down before it is said: a later line shows that the log has come that far.
  refused(await visitor.login.update(id, { method: "code", code: "123456" }));
  expect(server.logged.join("\n")).not.toContain("a message was given up");
  expect(texts.received).toEqual([]);
  // It is counted, and as no failure.
  const metrics = await (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();
  const counts = metrics.split("\n").filter((line) => /^ostiary_courier_attempt_seconds_count\{.*"sms"/.test(line));
  expect(counts).toEqual([expect.stringMatching(/outcome="discarded"\} 1$/)]);
});
