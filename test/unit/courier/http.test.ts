import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { blankIdentity } from "../../../src/identity/blank.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";
import { type CourierNode, startNode, until } from "./courier-node.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let fresh: FreshDatabase;
let server: Server;
let url: string;
let received: Received[] = [];
/** What the service answers next: status and headers. */
let answers: [number, Record<string, string>][] = [];
let courier: CourierNode | undefined;
beforeAll(async () => {
  fresh = await migratedDatabase();
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    received.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    const [status, headers] = answers.shift() ?? [202, {}];
    if (status > 0) response.writeHead(status, headers).end("246810 taken");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/send?a=b`;
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await fresh?.drop();
});
afterEach(async () => {
  await courier?.stop();
  courier = undefined;
  received = [];
  answers = [];
});

let count = 0;
const deliver = async (request: Record<string, unknown>, message: Parameters<CourierNode["queue"]>[0] = {}) => {
  courier ??= await startNode(fresh.dsn, {
    delivery_strategy: "http",
    http: { request_config: { url, ...request } },
    channels: [{ id: "sms", type: "http", request_config: { url, ...request } }],
    message_retries: 2,
    timeout: "300ms",
  });
  const recipient = message.recipient ?? `someone-${++count}@example.com`;
  await courier.queue({ ...message, recipient });
  const node = courier;
  await until(async () => ["sent", "abandoned"].includes((await node.row(recipient)).status));
  return node.row(recipient);
};
const base64 = (text: string) => `base64://${Buffer.from(text).toString("base64")}`;

describe("a request to another service", () => {
  it("has a body with everything by name, where the configuration says nothing of it", async () => {
    await deliver({}, { recipient: "ann@example.com" });
    const [{ method, url: path, headers, body }] = received as [Received];
    expect([method, path, headers["content-type"]]).toEqual(["POST", "/send?a=b", "application/json"]);
    expect(JSON.parse(body)).toEqual({
      recipient: "ann@example.com",
      template_type: "verification_code_valid",
      to: "ann@example.com",
      recovery_code: null,
      recovery_url: null,
      verification_code: "246810",
      verification_url: null,
      login_code: null,
      registration_code: null,
      subject: "Confirm your address",
      body: expect.stringContaining("246810"),
    });
  });

  it("has the body that a program makes, with headers and credentials", async () => {
    const program = `function(ctx) {
      to: ctx.recipient, kind: ctx.message_type, code: ctx.template_data.verification_code,
      first: ctx.template_data.identity.traits.name, html: std.length(ctx.html_body) > 100,
      minutes: ctx.template_data.expires_in_minutes, extra: ctx.template_data.transient_payload.a,
    }`;
    const identity = {
      ...blankIdentity("0198f2a4-6a1c-7c3e-9d2b-5f1a7c0e4b21", "s", new Date()),
      traits: { name: "Ann" },
    };
    const row = await deliver(
      {
        method: "put",
        body: base64(program),
        headers: { "X-Custom": "1", "Content-Type": "application/vnd.acme+json" },
        auth: { type: "basic_auth", config: { user: "acme", password: "secret" } },
      },
      { identity, transientPayload: { a: 1 } },
    );
    expect(row).toMatchObject({ status: "sent", data: null });
    const [{ method, headers, body }] = received as [Received];
    expect(method).toBe("PUT");
    expect(headers).toMatchObject({
      "x-custom": "1",
      "content-type": "application/vnd.acme+json",
      authorization: `Basic ${Buffer.from("acme:secret").toString("base64")}`,
    });
    expect(JSON.parse(body)).toEqual({
      to: expect.stringContaining("someone"),
      kind: "email",
      code: "246810",
      first: "Ann",
      html: true,
      minutes: 10,
      extra: 1,
    });
  });

  it.each([
    ["header", { "x-key": "s3cret" }],
    ["cookie", { cookie: "X-Key=s3cret" }],
  ])("brings an API key in a %s", async (place, expected) => {
    await deliver({ auth: { type: "api_key", config: { name: "X-Key", value: "s3cret", in: place } } });
    expect(received[0]?.headers).toMatchObject(expected);
  });

  it("sends a text to a phone", async () => {
    await deliver(
      { body: base64("function(ctx) { to: ctx.recipient, text: ctx.body, type: ctx.message_type }") },
      {
        channel: "sms",
        recipient: "+491701234567",
      },
    );
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      to: "+491701234567",
      type: "sms",
      text: "Acme: 246810 is your code to confirm your number. Tell it to nobody.",
    });
  });

  it("is made again after a refusal, with the same key, and given up after the last", async () => {
    answers = [
      [503, { "retry-after": "0.2" }],
      [302, { location: "http://127.0.0.1/elsewhere" }],
      [500, {}],
    ];
    const row = await deliver({});
    expect(row).toMatchObject({ status: "abandoned", send_count: 3 });
    expect(row.dispatches.map(({ error }) => error)).toEqual(
      [503, 302, 500].map((n) => `HTTP: the service answered ${n}`),
    );
    expect(new Set(received.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(JSON.stringify(row)).not.toContain("246810");
  });

  it("is made again when nobody answers in time", async () => {
    answers = [[0, {}]];
    const row = await deliver({});
    expect(row).toMatchObject({ status: "sent", send_count: 2 });
    expect(row.dispatches[0]?.error).toBe("HTTP: no answer in time");
  });

  it("is given up at once when the body is longer than a program may answer, and says so", async () => {
    const row = await deliver({ body: base64("function(ctx) { text: std.repeat(ctx.subject, 10000) }") });
    expect(row).toMatchObject({ status: "abandoned", send_count: 1 });
    expect(row.dispatches.map(({ error }) => error)).toEqual([
      "the body cannot be made: the answer is longer than 65536 characters",
    ]);
    expect(received).toEqual([]);
    expect(courier?.logged.join("")).toContain("the answer is longer than 65536 characters");
  });

  it("is not made when its program fails, which says nothing of what it was given", async () => {
    const row = await deliver({ body: base64("function(ctx) error ctx.template_data.verification_code") });
    expect(row.status).toBe("abandoned");
    expect(received).toEqual([]);
    expect(`${JSON.stringify(row)}${courier?.logged.join("")}`).not.toContain("246810");
  });
});

describe("a start", () => {
  it.each([
    [{ body: base64("function(ctx) { a: }") }, "syntax error"],
    [{ body: "file:///nowhere/at/all.jsonnet" }, "ENOENT"],
    [{ url: "http://mail.example.com/" }, "use https"],
  ])("ends with what is wrong with a request: %o", async (request, message) => {
    const starting = startNode(fresh.dsn, { delivery_strategy: "http", http: { request_config: { url, ...request } } });
    await expect(starting).rejects.toThrow(message);
  });
});
