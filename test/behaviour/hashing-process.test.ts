import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const { execPath } = process;
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterEach(() => {
  process.execPath = execPath;
});
afterAll(() => server?.stop());

const ready = async () => (await send(`${server.adminUrl}/health/ready`)).status;

it("while no process that hashes can be started, passwords are refused and the server is not ready", async () => {
  process.execPath = "/nowhere/node";
  const visitor = nativeRest.enter(server);
  const flow = accepted(await visitor.registration.create()).id;
  const submission = { method: "password", password: newPassword(), traits: { email: newEmail() } } as const;
  expect(refused(await visitor.registration.update(flow, submission)).reason).toBe("OVERLOADED");
  expect(await ready()).toBe(503);

  process.execPath = execPath;
  await expect.poll(ready, { timeout: 10_000 }).toBe(200);
  accepted(await visitor.registration.update(flow, submission));
});
