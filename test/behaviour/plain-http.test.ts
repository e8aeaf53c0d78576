import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, type Person, signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What scripts and pages send that are not made with an SDK: it is answered as Ory Kratos answers it. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { selfservice: { flows: { recovery: { enabled: true } } } } });
});
afterAll(() => server?.stop());

const json = { accept: "application/json" };

describe("an address", () => {
  it.each([
    ["POST", "/health/alive", "GET, HEAD"],
    ["DELETE", "/health/ready?x=1", "GET, HEAD"],
    ["OPTIONS", "/openapi.json", "GET, HEAD"],
  ])("that is not one of an RPC refuses %s of %s with the verbs that it has", async (method, path, allow) => {
    const answer = await send(`${server.url}${path}`, { method, headers: json });
    expect([answer.status, answer.headers.allow, answer.text]).toEqual([405, allow, "Method Not Allowed\n"]);
  });

  it.each(["/version", "/admin/version", "/metrics/prometheus"])("of the admin port does so, too: %s", async (path) => {
    const answer = await send(`${server.adminUrl}${path}`, { method: "POST", headers: json });
    expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it.each([
    ["GET", "/"],
    ["POST", "/health"],
    ["POST", "/health/alive/"],
    ["PATCH", "/version"],
  ])("that has nothing to answer with stays unknown: %s %s", async (method, path) => {
    expect((await send(`${server.url}${path}`, { method, headers: json })).status).toBe(404);
  });

  it.each([
    ["GET", "/schemas/"],
    ["POST", "/schemas/"],
    ["DELETE", "/sessions/"],
  ])("that ends where an id is due is unknown: %s %s", async (method, path) => {
    const answer = await send(`${server.url}${path}`, { method, headers: json });
    expect([answer.status, answer.text]).toEqual([404, "404 page not found\n"]);
  });

  it.each([
    ["GET", "/admin/identities/"],
    ["GET", "/identities/"],
    ["PATCH", "/admin/identities/"],
    ["GET", "/admin/courier/messages/"],
    ["GET", "/admin/identities/by/external/"],
  ])("of the admin port that does is as well: %s %s", async (method, path) => {
    const answer = await send(`${server.adminUrl}${path}`, { method, headers: json });
    expect([answer.status, answer.text]).toEqual([404, "404 page not found\n"]);
  });
});

describe("a flag of the query", () => {
  it.each(["undefined", "null", "yes", ""])("that is neither true nor false counts as false: %s", async (value) => {
    const asked = `refresh=${value}&return_session_token_exchange_code=${value}`;
    const answer = await send(`${server.url}/self-service/login/api?${asked}`, { headers: json });
    expect([answer.status, answer.json.refresh, answer.json.session_token_exchange_code]).toEqual([
      200,
      false,
      undefined,
    ]);
  });

  it("of an operator is refused: what it would keep from happening may not happen", async () => {
    const answer = await send(`${server.adminUrl}/admin/sessions?active=perhaps`, { headers: json });
    expect([answer.status, answer.json.error]).toMatchObject([400, { details: { field: "active" } }]);
  });
});

describe("a body for the admin port", () => {
  const submit = (method: string, path: string, type: string | undefined, body: unknown): Promise<CallbackResult> =>
    send(`${server.adminUrl}${path}`, {
      method,
      headers: { ...json, "content-type": type },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  it.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense"])(
    "is JSON that says it is %s",
    async (type) => {
      const [email, next] = [newEmail(), newEmail()];
      const created = await submit("POST", "/admin/identities", type, { traits: { email } });
      expect([created.status, created.json.traits]).toEqual([201, { email }]);
      const at = `/admin/identities/${String(created.json.id)}`;
      const patched = await submit("PATCH", at, type, [{ op: "replace", path: "/traits/email", value: next }]);
      expect([patched.status, patched.json.traits]).toEqual([200, { email: next }]);
      const put = await submit("PUT", at, type, `\n ${JSON.stringify({ traits: { email } })}`);
      expect([put.status, put.json.traits]).toEqual([200, { email }]);
    },
  );

  it.each([
    ["a form", "application/x-www-form-urlencoded", "schema_id=default"],
    ["a text", "text/plain", "schema_id"],
    ["JSON cut short", undefined, '{"schema_id":'],
  ])("that is %s makes nobody", async (_, type, body) => {
    expect((await submit("POST", "/admin/identities", type, body)).status).toBe(400);
  });

  it("is none for a form of the public port, whatever it looks like", async () => {
    const { id } = (await send(`${server.url}/self-service/login/api`, { headers: json })).json;
    const answer = await send(`${server.url}/self-service/login?flow=${String(id)}`, {
      method: "POST",
      headers: { ...json, "content-type": "text/plain" },
      body: '{"method":"password"}',
    });
    expect([answer.status, answer.json]).toMatchObject([400, { ui: { messages: [{ id: 4000001 }] } }]);
  });
});

describe("a list", () => {
  let person: Person;
  let token: string | undefined;
  beforeAll(async () => {
    const visitor = nativeRest.enter(server);
    ({ person } = await enterAsNewPerson(nativeRest, server));
    for (let n = 0; n < 2; n++) accepted(await signIn(nativeRest.enter(server), person));
    accepted(await signIn(visitor, person));
    ({ token } = visitor.credentials);
  });
  const ask = (path: string, at = server.adminUrl) =>
    send(`${at}${path}`, { headers: { ...json, "x-session-token": at === server.url ? token : undefined } });
  const totalOf = async (path: string, at?: string) => (await ask(path, at)).headers["x-total-count"];

  it.each(["", "?page_size=1", "?page=2&per_page=2", "?page=9"])(
    "of my other sessions has a total: %s",
    async (query) => {
      expect(await totalOf(`/sessions${query}`, server.url)).toBe("3");
    },
  );

  it.each([
    ["", "4"],
    ["?page_size=1", "4"],
    ["?page_size=1&active=true", "4"],
    ["?active=false", "0"],
    ["?page=3&per_page=2", "4"],
  ])("of somebody's sessions has one: %s", async (query, total) => {
    expect(await totalOf(`/admin/identities/${person.id}/sessions${query}`)).toBe(total);
  });

  it("goes on with the same total", async () => {
    const { headers } = await ask("/sessions?page_size=1", server.url);
    const next = /<([^>]+)>; rel="next"/.exec(String(headers.link))?.[1];
    expect(await totalOf(String(next), server.url)).toBe("3");
  });

  it("of schemas has one", async () => {
    expect(await totalOf("/schemas?per_page=1&page=7", server.url)).toBe("1");
  });

  it("of identities that an identifier finds counts those", async () => {
    expect(await totalOf(`/admin/identities?page=1&credentials_identifier=${person.email}`)).toBe("1");
    expect(await totalOf(`/admin/identities?page=1&credentials_identifier=${newEmail()}`)).toBe("0");
  });

  it.each(["credentials_identifier", "preview_credentials_identifier_similar"])(
    "of identities that %s finds shows their credentials",
    async (filter) => {
      const found = await ask(`/admin/identities?${filter}=${person.email}`);
      expect(JSON.parse(found.text)).toMatchObject([
        { id: person.id, credentials: { password: { identifiers: [person.email] } } },
      ]);
      expect(found.text).not.toContain("hashed_password");
    },
  );
});

it("a recovery code for an id that is none is the caller's mistake, for nobody's it is not found", async () => {
  const ask = (identity_id: string) =>
    send(`${server.adminUrl}/admin/recovery/code`, {
      method: "POST",
      headers: { ...json, "content-type": "application/json" },
      body: JSON.stringify({ identity_id }),
    });
  expect((await ask("x")).json.error).toMatchObject({ code: 400, details: { field: "identity_id" } });
  for (const id of [randomUUID(), ""]) expect((await ask(id)).status).toBe(404);
});
