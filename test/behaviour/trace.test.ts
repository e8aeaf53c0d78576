import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../protocols/server.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let server: TestServer;
const asked: IncomingHttpHeaders[] = [];
const breaches = createServer((request, response) => {
  asked.push(request.headers);
  response.end(`${"0".repeat(35)}:1`);
});

beforeAll(async () => {
  await new Promise<void>((listening) => breaches.listen(0, "127.0.0.1", listening));
  const { port } = breaches.address() as AddressInfo;
  const config = { haveibeenpwned_enabled: true, haveibeenpwned_host: `http://127.0.0.1:${port}` };
  server = await startServer({
    overrides: { selfservice: { methods: { password: { config } } }, log: { level: "info" } },
  });
});
afterAll(async () => {
  await server.stop();
  breaches.close();
});

it("a call's trace is taken up in the log and passed on to the server that is asked for it", async () => {
  const flow = (await (await fetch(`${server.url}/self-service/registration/api`)).json()) as {
    readonly ui: { readonly action: string };
  };
  const answer = await fetch(flow.ui.action, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent, tracestate: "vendor=1" },
    body: JSON.stringify({
      method: "password",
      password: "a password nobody has 77",
      traits: { email: "trace@example.com" },
    }),
  });
  expect(answer.status).toBe(200);
  expect(asked).toMatchObject([{ traceparent, tracestate: "vendor=1" }]);
  expect(server.logged.join("\n")).toContain('"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"');
});
