import net from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* How much may be sent, by whom, before it is read, and how much of it is kept. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const json = { accept: "application/json", "content-type": "application/json" };
const settings = "/ostiary.settings.v1.SettingsService/UpdateFlow";

/** Sends a header that announces a body, and nothing of the body; gives what the server says to that. */
const announce = (path: string, headers: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port, hostname } = new URL(server.url);
    const socket = net.connect(Number(port), hostname);
    let text = "";
    socket.on("error", reject).on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n") || text.startsWith("HTTP/1.1 100")) return;
      socket.destroy();
      resolve(text);
    });
    socket.write([`POST ${path} HTTP/1.1`, "Host: localhost", ...headers, "\r\n"].join("\r\n"));
  });

describe("before a body is read", () => {
  const body = ["content-length: 60000", "content-type: application/json", "accept: application/json"];

  it.each([
    ["REST", `/self-service/settings?flow=${"0".repeat(8)}`],
    ["Connect", settings],
  ])("nobody's call to what needs a session is refused over %s", async (_, path) => {
    expect(await announce(path, body)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it.each([
    ["REST", "/self-service/login?flow=x"],
    ["Connect", "/ostiary.login.v1.LoginService/UpdateFlow"],
  ])("a foreign site's call with cookies is refused over %s", async (_, path) => {
    expect(await announce(path, [...body, "cookie: a=b", "sec-fetch-site: cross-site"])).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each([
    ["nobody's", []],
    ["that of a session that there is not", ["x-session-token: ory_st_nonsense"]],
  ])("a length over the limit is refused, %s", async (_, headers) => {
    const path = "/ostiary.login.v1.LoginService/UpdateFlow";
    expect(await announce(path, ["content-length: 70000", "content-type: application/json", ...headers])).toMatch(
      /^HTTP\/1\.1 (?:413|429) /,
    );
  });

  it("a session that is over is told so, where one is needed, before more is read than from nobody", async () => {
    const answer = await announce(settings, [
      "content-length: 70000",
      "content-type: application/json",
      "x-session-token: ory_st_nonsense",
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain("unauthenticated");
  });
});

describe("of a body that is refused", () => {
  /** Sends without end; gives what the server said, and the bytes that it took until it closed. */
  const pour = (
    headers: readonly string[],
    frame: (chunk: Buffer) => Buffer,
  ): Promise<{ said: string; taken: number }> =>
    new Promise((resolve) => {
      const { port, hostname } = new URL(server.url);
      const socket = net.connect(Number(port), hostname);
      let said = "";
      socket.on("data", (chunk) => {
        said += chunk.toString("latin1");
      });
      const head = ["POST /ostiary.login.v1.LoginService/UpdateFlow HTTP/1.1", "Host: localhost", ...headers, "\r\n"];
      socket.write(head.join("\r\n"));
      const chunk = frame(Buffer.alloc(16_384, 32));
      const pump = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on("drain", pump).on("error", () => undefined);
      socket.on("close", () => resolve({ said, taken: socket.bytesWritten - socket.writableLength }));
      pump();
    });

  // What the kernel holds on both sides of a connection is not the server's.
  const most = 12 * 2 ** 20;

  it.each([
    ["announced", ["content-length: 100000000"], (chunk: Buffer) => chunk],
    ["not announced", ["transfer-encoding: chunked"], (chunk: Buffer) => Buffer.from(`4000\r\n${chunk}\r\n`)],
  ])("little is taken, and the answer is heard: its length is %s", async (_, headers, frame) => {
    const { said, taken } = await pour(["content-type: application/json", ...headers], frame);
    expect(said).toMatch(/^HTTP\/1\.1 429 /);
    expect(said.toLowerCase()).toContain("connection: close");
    expect(taken).toBeLessThan(most);
  });
});

describe.each(protocols)("through $name", (protocol) => {
  const long = "x".repeat(60_000);

  it("a live session sends more than nobody", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const traits = { email: person.email, website: "https://example.com/", tags: [long, long, long] };
    accepted(await visitor.settings.update(flow.id, { method: "profile", traits }));
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ tags: [long, long, long] });
  });

  it("nobody does not", async () => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.registration.create());
    const answer = await visitor.registration.update(flow.id, {
      method: "password",
      password: "x",
      traits: { email: newEmail(), tags: [long, long] },
    });
    expect(refused(answer).reason).toBe("BODY_TOO_LARGE");
  });
});

describe("of what is sent by nobody", () => {
  const row = async (id: string) =>
    (
      await server.sql<{ bytes: number }>(
        `SELECT LENGTH(form) + LENGTH(context) + LENGTH(request_url) AS bytes FROM flows
          WHERE id = UNHEX(REPLACE(?, '-', ''))`,
        [id],
      )
    )[0]?.bytes;

  it("a form that is too large to be kept is answered in full, and kept without its largest values", async () => {
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.registration.create());
    const [first, website] = ["A name that is kept", `no address ${"x".repeat(20_000)}`];
    const traits = { email: "nobody", name: { first }, website };
    const answer = await send(`${server.url}/self-service/registration?flow=${id}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ method: "password", password: "x", traits }),
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(website);
    expect(Number(await row(id))).toBeLessThan(16_384);
    const again = await send(`${server.url}/self-service/registration/flows?id=${id}`);
    expect(again.status).toBe(200);
    expect(again.text).toContain(first);
    expect(again.text).toContain("nobody");
    expect(again.text).not.toContain(website);
  });

  it("many messages are kept as far as there is room", async () => {
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.registration.create());
    const unknown = Object.fromEntries(
      Array.from({ length: 90 }, (_, at) => [`${"n".repeat(200)}${at}`, "v".repeat(300)]),
    );
    const answer = await send(`${server.url}/self-service/registration?flow=${id}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ method: "password", password: "x", traits: { email: "nobody", ...unknown } }),
    });
    expect(answer.status).toBe(400);
    expect(Number(await row(id))).toBeLessThan(16_384);
    expect((await send(`${server.url}/self-service/registration/flows?id=${id}`)).status).toBe(200);
  });

  it.each(["login", "registration"])("a %s flow is not made of a URL over four kilobytes", async (kind) => {
    const returnTo = encodeURIComponent(`${ui.welcome}?${"x".repeat(4_100)}`);
    const url = `${server.url}/self-service/${kind}/api?return_to=${returnTo}`;
    const answer = await send(url, { headers: json });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error: { details: { field: "return_to" } } });
  });
});

describe("flows that one network begins", () => {
  let small: TestServer;
  beforeAll(async () => {
    small = await startServer({ overrides: { limits: { flows: { per_network: 20, window: "10s" } } } });
  });
  afterAll(() => small?.stop());

  const begin = (kind: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        send(`${small.url}/self-service/${kind}`, { headers: { accept: "application/json" } }),
      ),
    );
  const stored = async (table: string) =>
    Number((await small.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);

  it("are bounded, with the time to wait; and others begin again after it", async () => {
    const answers = await begin("login/api", 60);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    const [late] = answers.filter(({ status }) => status === 429);
    expect(Number(late?.headers["retry-after"])).toBeGreaterThan(0);
    expect(late?.json).toMatchObject({ error: { code: 429 } });
    expect(await stored("flows")).toBe(20);
    expect((await begin("registration/api", 1))[0]?.status).toBe(429);
    small.clock.advance(1_000);
    expect((await begin("registration/api", 2)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it("stop nobody on a device where somebody signed in before, nor with a live session", async () => {
    small.clock.advance(60_000);
    const { person } = await enterAsNewPerson(nativeRest, small);
    const [known, signedIn] = [await enterAs(spa, small, person), await enterAs(spa, small, person)];
    accepted(await known.signOut());
    await begin("login/api", 40);
    expect((await begin("login/api", 1))[0]?.status).toBe(429);
    accepted(await known.login.create());
    accepted(await signedIn.login.create({ refresh: "true" }));
  });

  it("which is also what errors for the error page are: more are answered, not kept", async () => {
    small.clock.advance(60_000);
    const html = { accept: "text/html" };
    const url = `${small.url}/self-service/login/browser?return_to=https://evil.example.org`;
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(url, { headers: html })));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(20);
    expect(await stored("flow_errors")).toBe(20);
  });
});

it("the limits are those of the configuration", async () => {
  await server.restart({ limits: { bodies: { without_session: "1KB", with_session: "2KB" } } });
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const post = (length: number, headers: Record<string, string | undefined>) =>
    send(`${server.url}${settings}`, {
      method: "POST",
      headers: { ...json, ...headers },
      body: `{"flow":"${"x".repeat(length)}"}`,
    });
  const token = { "x-session-token": visitor.credentials.token };
  expect((await post(1_500, token)).json).toMatchObject({ code: "invalid_argument" });
  expect((await post(2_500, token)).json).toMatchObject({ code: "resource_exhausted" });
  expect((await post(1_500, {})).json).toMatchObject({ code: "unauthenticated" });
});
