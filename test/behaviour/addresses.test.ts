import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionService } from "../../gen/ostiary/session/v1/session_service_pb.ts";
import { send } from "../protocols/http.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const json = { accept: "application/json" };

/** Signs up as a native app does, at a base URL that ends in a slash. */
const signUpAt = async (base: string) => {
  const begun = await send(`${base}/self-service/registration/api`, { headers: json });
  expect(begun.status).toBe(200);
  const body = JSON.stringify({ method: "password", password: newPassword(), traits: { email: newEmail() } });
  const flow = String(begun.json.id);
  const done = await send(`${base}/self-service/registration?flow=${flow}`, {
    method: "POST",
    headers: { ...json, "content-type": "application/json" },
    body,
  });
  return { begun: begun.json, status: done.status, token: String(done.json.session_token) };
};

describe("a base URL that ends in a slash", () => {
  it("serves an SDK, its POSTs included", async () => {
    const { begun, status, token } = await signUpAt(`${server.url}/`);
    expect(status).toBe(200);
    expect(begun.request_url).toBe(`${server.url}/self-service/registration/api`);
    expect(
      (await send(`${server.url}//sessions/whoami`, { headers: { ...json, "x-session-token": token } })).status,
    ).toBe(200);
    expect((await send(`${server.url}//health/ready`)).status).toBe(200);
  });

  it.each([
    ["Connect", () => createConnectTransport({ baseUrl: `${server.url}//`, httpVersion: "1.1" })],
    ["gRPC", () => createGrpcTransport({ baseUrl: `${server.url}//` })],
  ])("serves %s", async (_, transport) => {
    const { token } = await signUpAt(server.url);
    const client = createClient(SessionService, transport());
    expect((await client.whoAmI({}, { headers: { "x-session-token": token } })).session?.active).toBe(true);
  });

  it.each([
    "/self-service/./login/api",
    "/x/../self-service/login/api",
    "///self-service//login///api",
    "/self-service/x/%2e%2e/login/api",
  ])("is one way to write a path that is not clean: %s", async (path) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("a base URL with a path", () => {
  const prefix = "/.ory/kratos/public";
  beforeAll(() => server.restart({ serve: { public: { base_url: `${server.url}${prefix}/` } } }));
  afterAll(() => server.restart());

  it.each(["", "/"])("answers with the path and without it (slash at the end: '%s')", async (slash) => {
    for (const base of [`${server.url}${prefix}${slash}`, `${server.url}${slash}`]) {
      expect((await signUpAt(base)).status).toBe(200);
      for (const path of ["/health/ready", "/schemas", "/hosted/login?flow=x"])
        expect([path, (await send(`${base}${path}`)).status]).not.toEqual([path, 404]);
    }
  });

  it("shows the address that was asked", async () => {
    const flow = (await send(`${server.url}${prefix}/self-service/login/api?x=1`, { headers: json })).json;
    expect(flow.request_url).toBe(`${server.url}${prefix}/self-service/login/api?x=1`);
  });

  it("takes off nothing that is no whole segment, and nothing that leads nowhere", async () => {
    for (const path of [`${prefix}x/health/ready`, `${prefix}/nothing`, prefix, `${prefix}${prefix}/health/ready`])
      expect((await send(`${server.url}${path}`)).status).toBe(404);
  });

  it("serves gRPC and Connect below it", async () => {
    const { token } = await signUpAt(server.url);
    const client = createClient(
      SessionService,
      createConnectTransport({ baseUrl: `${server.url}${prefix}`, httpVersion: "1.1" }),
    );
    expect((await client.whoAmI({}, { headers: { "x-session-token": token } })).session?.active).toBe(true);
  });
});

describe("a base path that begins like a route", () => {
  beforeAll(() => server.restart({ serve: { public: { base_url: `${server.url}/self-service/` } } }));
  afterAll(() => server.restart());

  it("answers with and without it", async () => {
    for (const path of [
      "/self-service/login/api",
      "/self-service/self-service/login/api",
      "/self-service/health/alive",
    ])
      expect((await send(`${server.url}${path}`)).status).toBe(200);
  });
});

describe("the hosts of a request", () => {
  const raw = async (...lines: readonly string[]) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(`GET /self-service/login/api HTTP/1.1\r\n${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
    return (await text(socket)).split("\r\n", 1)[0];
  };

  it("are one: two are refused, also when they are the same", async () => {
    expect(await raw("Host: a.example.com")).toBe("HTTP/1.1 200 OK");
    expect(await raw("Host: a.example.com", "Host: b.example.com")).toBe("HTTP/1.1 400 Bad Request");
    expect(await raw("Host: a.example.com", "hOST: a.example.com")).toBe("HTTP/1.1 400 Bad Request");
  });
});

describe("the public port", () => {
  it("leads to the admin port only where its address is configured", async () => {
    const answer = await send(`${server.url}/admin/identities?x=1`);
    expect([answer.status, answer.headers.location]).toEqual([404, undefined]);
    await server.restart({ serve: { admin: { base_url: "https://admin.example.com/base/" } } });
    const sent = await send(`${server.url}/admin/identities?x=1`);
    await server.restart();
    expect([sent.status, sent.headers.location]).toEqual([307, "https://admin.example.com/base/admin/identities?x=1"]);
  });
});

describe("security events", () => {
  it("are purged when they are as old as the configuration says", async () => {
    await server.sql("DELETE FROM security_events");
    await server.restart({ database: { cleanup: { security_events_older_than: "1h" } } });
    const insert = (age: number) =>
      server.sql(
        `INSERT INTO security_events (id, identity_id, type, outcome, remote_address, request_id, detail,
          created_at) VALUES (?, ?, 'x', 'done', '', '', '{}', ?)`,
        [Buffer.alloc(16, age % 251), Buffer.alloc(16), new Date(server.clock.now().getTime() - age)],
      );
    for (const age of [0, 3_500_000, 3_610_000, 86_400_000]) await insert(age);
    await expect
      .poll(
        async () => {
          await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'purge' AND owner IS NULL");
          return (await server.sql("SELECT id FROM security_events")).length;
        },
        { timeout: 8_000 },
      )
      .toBe(2);
    await server.restart();
  });
});
