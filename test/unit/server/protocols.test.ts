import http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { create, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema as GoogleErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import { ErrorInfoSchema, FormRejectedSchema, Reason } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { CreateFlowResponseSchema, LoginService } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import {
  SessionService,
  type WhoAmIRequest,
  WhoAmIRequestSchema,
  WhoAmIResponseSchema,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import {
  SettingsService,
  type UpdateFlowRequest,
  UpdateFlowRequestSchema,
  UpdateFlowResponseSchema,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { detail, serviceError } from "../../../src/errors/service-error.ts";
import type { Call, CookieInstruction } from "../../../src/lib/call.ts";
import { certificate } from "./certificate.ts";
import { type Fake, serve, type TestServer } from "./server.ts";

const cookie = (name: string): CookieInstruction => ({
  name,
  value: "v",
  path: "/",
  sameSite: "lax",
  secure: true,
  httpOnly: true,
  maxAge: 60,
});

const seen: { request: Message; call: Call }[] = [];

const flow = "5b6f0d0e-9f0a-4c51-9d4f-3f3a4f9b7a10";

/** What `tokenize_as` asks for is what the fake does. */
const whoAmI: Fake = async (message, call) => {
  const { tokenizeAs } = message as WhoAmIRequest;
  seen.push({ request: message, call });
  call.reply.cookies.push(cookie("one"), cookie("two"));
  call.reply.headers.set("x-kratos-authenticated-identity-id", "42");
  if (tokenizeAs === "refused") throw serviceError("SESSION_AMBIGUOUS", { explain: "Two sessions." });
  if (tokenizeAs === "limited") throw serviceError("RATE_LIMITED", { headers: { "retry-after": "30" } });
  if (tokenizeAs === "broken") throw new Error("canary-secret");
  if (tokenizeAs === "slow") await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
  if (tokenizeAs === "until gone") await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
  if (tokenizeAs === "form") {
    const messages = Array.from({ length: 200 }, (_, i) => ({
      node: `traits.field_${i}`,
      text: { id: 4000002, text: "A text of some length that says what is wrong." },
    }));
    const form = create(FormRejectedSchema, { flowId: "f", messages });
    throw serviceError("FORM_REJECTED", { typed: [detail(FormRejectedSchema, form)] });
  }
  return create(WhoAmIResponseSchema, { session: { id: tokenizeAs, active: true } });
};

const updateFlow: Fake = (request) => {
  seen.push({ request, call: undefined as never });
  return create(UpdateFlowResponseSchema, { etag: "1" });
};

const fakes = [
  [SessionService.method.whoAmI, whoAmI],
  [SettingsService.method.updateFlow, updateFlow],
  [LoginService.method.createFlow, () => create(CreateFlowResponseSchema)],
] as const;

let server: TestServer;
let secure: TestServer;
beforeAll(async () => {
  server = await serve(fakes, { bytes: 100_000 });
  secure = await serve(fakes, { tls: certificate });
});
afterAll(async () => {
  await Promise.all([server.close(), secure.close()]);
});

const token = { headers: { "x-session-token": "t" } };

type Build = (baseUrl: string, more?: object) => Transport;
const protocols: readonly (readonly [name: string, protocol: string, build: Build])[] = (["1.1", "2"] as const).flatMap(
  (httpVersion) => [
    [
      `Connect with JSON over HTTP/${httpVersion}`,
      "connect",
      (baseUrl, more) => createConnectTransport({ baseUrl, httpVersion, ...more } as never),
    ] as const,
    [
      `Connect in binary over HTTP/${httpVersion}`,
      "connect",
      (baseUrl, more) => createConnectTransport({ baseUrl, httpVersion, useBinaryFormat: true, ...more } as never),
    ] as const,
    [
      `gRPC-Web over HTTP/${httpVersion}`,
      "grpc-web",
      (baseUrl, more) => createGrpcWebTransport({ baseUrl, httpVersion, ...more } as never),
    ] as const,
    ...(httpVersion === "2"
      ? [
          [
            "gRPC",
            "grpc",
            (baseUrl: string, more?: object) => createGrpcTransport({ baseUrl, ...more } as never),
          ] as const,
        ]
      : []),
  ],
);

const failure = async (promise: Promise<unknown>): Promise<ConnectError> => {
  try {
    await promise;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it did not fail");
};

describe.each(protocols)("%s", (_name, protocol, build) => {
  const client = () => createClient(SessionService, build(server.url));

  test("a call reaches the procedure and its answer comes back", async () => {
    let headers = new Headers();
    const keep = (got: Headers) => {
      headers = got;
    };
    const { session } = await client().whoAmI(
      { tokenizeAs: "me" },
      { headers: { "x-session-token": "t", "x-request-id": "abc-1" }, onHeader: keep },
    );
    expect(session).toMatchObject({ id: "me", active: true });
    const { call } = seen.at(-1) ?? {};
    expect(call).toMatchObject({
      protocol,
      port: "public",
      requestId: "abc-1",
      remoteAddress: "127.0.0.1",
      url: "https://id.example.com/base/ostiary.session.v1.SessionService/WhoAmI",
    });
    expect(call?.headers["x-session-token"]).toBe("t");
    expect(headers.get("x-kratos-authenticated-identity-id")).toBe("42");
    expect(headers.get("cache-control")).toBe("private, no-cache, no-store, must-revalidate");
    expect(headers.getSetCookie()).toEqual([
      "one=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax",
      "two=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax",
    ]);
  });

  test("a failure carries its code, its reason and its cookies", async () => {
    const error = await failure(client().whoAmI({ tokenizeAs: "refused" }, token));
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.rawMessage).toBe("Two sessions.");
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: Reason.SESSION_AMBIGUOUS, id: "session_inactive" },
    ]);
    expect(error.findDetails(GoogleErrorInfoSchema)).toMatchObject([
      { reason: "SESSION_AMBIGUOUS", domain: "ostiary", metadata: { id: "session_inactive" } },
    ]);
    expect(error.metadata.getSetCookie()).toHaveLength(2);
    expect(error.metadata.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
  });

  test("a failure that time heals says when to come back", async () => {
    const error = await failure(client().whoAmI({ tokenizeAs: "limited" }, token));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.metadata.get("retry-after")).toBe("30");
    expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(30n);
  });

  test("what breaks inside is told to the log alone", async () => {
    const error = await failure(client().whoAmI({ tokenizeAs: "broken" }, token));
    expect(error.code).toBe(Code.Internal);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: Reason.INTERNAL }]);
    expect(JSON.stringify([error.rawMessage, ...error.metadata])).not.toContain("canary");
  });

  test("a rejected form is cut to what clients can read", async () => {
    const error = await failure(client().whoAmI({ tokenizeAs: "form" }, token));
    expect(error.code).toBe(Code.InvalidArgument);
    const [form] = error.findDetails(FormRejectedSchema);
    expect(form?.messages.length).toBeGreaterThan(5);
    expect(form?.messages[0]?.node).toBe("traits.field_0");
    const size = error.details.reduce((sum, { value }) => sum + (value as Uint8Array).length, 0);
    expect((size * 4) / 3).toBeLessThan(4_096);
  });

  test("a client's deadline is kept", async () => {
    const begun = performance.now();
    // The header alone: a client's own timer would hide the server's.
    const timeout = protocol === "connect" ? { "connect-timeout-ms": "100" } : { "grpc-timeout": "100m" };
    const error = await failure(
      client().whoAmI({ tokenizeAs: "slow" }, { headers: { "x-session-token": "t", ...timeout } }),
    );
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  test("a call learns that its client is gone", async () => {
    const abort = new AbortController();
    const answer = failure(client().whoAmI({ tokenizeAs: "until gone" }, { ...token, signal: abort.signal }));
    const before = seen.length;
    while (seen.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect((await answer).code).toBe(Code.Canceled);
    await expect.poll(() => seen.at(-1)?.call.signal.aborted).toBe(true);
  });

  test("a message over the limit is refused, also when it is compressed", async () => {
    for (const compression of [undefined, compressionGzip]) {
      const client = createClient(SessionService, build(server.url, { sendCompression: compression }));
      const error = await failure(client.whoAmI({ tokenizeAs: "x".repeat(100_001) }, token));
      expect(error.code).toBe(Code.ResourceExhausted);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: Reason.BODY_TOO_LARGE }]);
    }
  });

  test("a compressed message is read", async () => {
    const client = createClient(
      SessionService,
      build(server.url, { sendCompression: compressionGzip, compressMinBytes: 1 }),
    );
    expect((await client.whoAmI({ tokenizeAs: "packed" }, token)).session?.id).toBe("packed");
  });

  test("names that JavaScript gives a meaning to are refused, wherever they stand", async () => {
    const client = createClient(SettingsService, build(server.url));
    const before = seen.length;
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const traits = { email: "a@example.com", list: [{ deep: JSON.parse(`{"${name}":{"admin":true}}`) }] };
      const error = await failure(
        client.updateFlow({ flow, body: { method: { case: "profile", value: { traits } } } }, token),
      );
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe(
        `body.profile.traits.list.0.deep.${name}`,
      );
    }
    expect(seen).toHaveLength(before);
  });

  test("a number that is no value of its enum is refused", async () => {
    const client = createClient(LoginService, build(server.url));
    const error = await failure(client.createFlow({ type: 77 as never }));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("type");
  });

  test("it works over TLS", async () => {
    const client = createClient(SessionService, build(secure.url, { nodeOptions: { rejectUnauthorized: false } }));
    expect((await client.whoAmI({ tokenizeAs: "safe" }, token)).session?.id).toBe("safe");
  });
});

const post = (
  body: string | Uint8Array,
  headers: Record<string, string>,
  path = "ostiary.session.v1.SessionService/WhoAmI",
) =>
  fetch(`${server.url}/${path}`, {
    method: "POST",
    headers: { "x-session-token": "t", ...headers },
    body: body as never,
  });

describe("Connect by hand", () => {
  const json = { "content-type": "application/json" };

  test("JSON in, JSON out", async () => {
    const answer = await post('{"tokenizeAs":"me"}', json);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({ session: { id: "me", active: true } });
    expect((await post("{}", { "content-type": "application/json; charset=UTF-8" })).status).toBe(200);
  });

  test.each([
    ["no JSON", "{nope canary", "MALFORMED_BODY"],
    ["an array", "[]", "MALFORMED_BODY"],
    ["a text", '"canary"', "MALFORMED_BODY"],
    ["nothing", "", "MALFORMED_BODY"],
    ["a name twice", '{"tokenizeAs":"canary","tokenizeAs":"canary"}', "MALFORMED_BODY"],
    ["a number for a text", '{"tokenizeAs":12345}', "INVALID_FIELD"],
    ["an object for a text", '{"tokenizeAs":{"a":"canary"}}', "INVALID_FIELD"],
    ["an unknown field", '{"canary_name":1}', "INVALID_FIELD"],
    ["a list for an object", '{"tokenizeAs":[]}', "INVALID_FIELD"],
    ["half a surrogate pair", '{"tokenizeAs":"\\ud800"}', "INVALID_FIELD"],
  ])("a body with %s is refused in words that do not quote it", async (_what, body, reason) => {
    const answer = await post(body, json);
    expect(answer.status).toBe(400);
    const { code, message, details } = (await answer.json()) as {
      code: string;
      message: string;
      details: { debug: { reason: string } }[];
    };
    expect(code).toBe("invalid_argument");
    expect(details[0]?.debug.reason).toBe(`REASON_${reason}`);
    expect(message).not.toMatch(/canary(?!_name)|12345/);
  });

  test("a name that is no value of its enum is refused", async () => {
    const answer = await post('{"type":"FLOW_TYPE_NOPE"}', json, "ostiary.login.v1.LoginService/CreateFlow");
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('"field":"type"');
  });

  test("a value that is no object, where free JSON is due, is refused", async () => {
    const answer = await post(
      '{"body":{"profile":{"traits":"canary"}}}',
      json,
      "ostiary.settings.v1.SettingsService/UpdateFlow",
    );
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain("body.profile.traits");
    expect(text).not.toContain("canary");
  });

  test("JSON that is nested without end is refused and names the field", async () => {
    const nest = (depth: number) =>
      `{"flow":"${flow}","body":{"profile":{"traits":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}}}`;
    expect((await post(nest(30), json, "ostiary.settings.v1.SettingsService/UpdateFlow")).status).toBe(200);
    const deep = await post(nest(40), json, "ostiary.settings.v1.SettingsService/UpdateFlow");
    expect(deep.status).toBe(400);
    expect(await deep.text()).toContain("body.profile.traits.a.a");
    expect((await post(nest(9_000), json, "ostiary.settings.v1.SettingsService/UpdateFlow")).status).toBe(400);
  });

  test("what a page can send unasked reaches no RPC", async () => {
    const before = seen.length;
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json; charset=utf-16",
      "",
    ]) {
      const answer = await post("{}", { "content-type": type, cookie: "session=1" });
      expect(answer.status).toBe(415);
    }
    expect(seen).toHaveLength(before);
  });

  test("no RPC answers a GET", async () => {
    const answer = await fetch(
      `${server.url}/ostiary.session.v1.SessionService/WhoAmI?encoding=json&message={}&connect=v1`,
      {
        headers: { "x-session-token": "t" },
      },
    );
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    const probe = await fetch(`${server.url}/grpc.health.v1.Health/Check`, { method: "PUT" });
    expect([probe.status, probe.headers.get("allow")]).toEqual([405, "POST"]);
    const unknown = await fetch(`${server.url}/ostiary.session.v1.SessionService/WhoAmIAgain`, { method: "POST" });
    expect(unknown.status).toBe(404);
  });

  test("a broken compression, an unknown one and a bomb are refused", async () => {
    const gzip = { ...json, "content-encoding": "gzip" };
    expect((await post("nope", gzip)).status).toBe(400);
    expect((await post(gzipSync(`{"tokenizeAs":"${"x".repeat(10_000_000)}"}`), gzip)).status).toBe(429);
    const unknown = await post("{}", { ...json, "content-encoding": "zstd" });
    expect(await unknown.json()).toMatchObject({ code: "unimplemented" });
    expect(unknown.headers.get("accept-encoding")).toBe("gzip,br");
  });

  test("what never reached a procedure is logged too, without its body", async () => {
    server.lines.length = 0;
    await post('{"tokenizeAs":{"a":"canary"}}', json);
    expect(server.lines).toMatchObject([
      {
        rpc: "ostiary.session.v1.SessionService/WhoAmI",
        protocol: "connect",
        code: "invalid_argument",
        reason: "INVALID_FIELD",
      },
    ]);
    expect(JSON.stringify(server.lines)).not.toContain("canary");
  });
});

describe("gRPC by hand", () => {
  /** Sends bytes as a gRPC call; answers its trailers. */
  const send = (body: Buffer, headers: http2.OutgoingHttpHeaders = {}): Promise<http2.IncomingHttpHeaders> =>
    new Promise((resolve, reject) => {
      const session = http2.connect(server.url);
      const stream = session.request({
        ":method": "POST",
        ":path": "/ostiary.session.v1.SessionService/WhoAmI",
        "content-type": "application/grpc",
        te: "trailers",
        "x-session-token": "t",
        ...headers,
      });
      stream
        .on("trailers", resolve)
        .on("error", reject)
        .on("close", () => session.close())
        .resume();
      stream.end(body);
    });
  const message = Buffer.from(toBinary(WhoAmIRequestSchema, create(WhoAmIRequestSchema, { tokenizeAs: "x" })));
  const framed = (data: Buffer, flags = 0) => Buffer.concat([Buffer.from([flags, 0, 0, 0, data.length]), data]);

  test("a call may be empty, and may be in JSON", async () => {
    expect(await send(framed(Buffer.alloc(0)))).toMatchObject({ "grpc-status": "0" });
    const json = Buffer.from(toJsonString(WhoAmIRequestSchema, create(WhoAmIRequestSchema)));
    expect(await send(framed(json), { "content-type": "application/grpc+json" })).toMatchObject({ "grpc-status": "0" });
  });

  test.each([
    ["no message", Buffer.alloc(0), Code.Unimplemented],
    ["half an envelope", framed(message).subarray(0, 3), Code.InvalidArgument],
    ["half a message", framed(message).subarray(0, 6), Code.InvalidArgument],
    ["two messages", Buffer.concat([framed(message), framed(message)]), Code.Unimplemented],
    ["unknown flags", framed(message, 4), Code.InvalidArgument],
    ["a message that is none", framed(Buffer.from([0xff, 0xff, 0xff])), Code.InvalidArgument],
    ["a compression that no header names", framed(message, 1), Code.Internal],
    ["four gigabytes announced", Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]), Code.ResourceExhausted],
  ])("%s is refused", async (_what, body, code) => {
    expect(await send(body)).toMatchObject({ "grpc-status": String(code) });
  });
});

test("a request without a host, or with one that is none, is answered", async () => {
  const { connect } = await import("node:net");
  const ask = (path: string, head: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
      socket.write(
        `POST ${path} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 2\r\n` +
          "Connection: close\r\n\r\n{}",
      );
    });
  expect(await ask("/grpc.health.v1.Health/Watch", "Host: %%%\r\n")).toMatch(/^HTTP\/1.1 400/);
  expect(await ask("/ostiary.session.v1.SessionService/WhoAmI", "Host: %%%\r\nX-Session-Token: t\r\n")).toMatch(
    /^HTTP\/1.1 200/,
  );
});

test("closing the server loses no call in flight", async () => {
  let begunCalls = 0;
  const own = await serve([
    [
      SessionService.method.whoAmI,
      async () => {
        begunCalls += 1;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return create(WhoAmIResponseSchema, { session: { id: "done" } });
      },
    ],
  ]);
  const running = protocols.map(([, , build]) => createClient(SessionService, build(own.url)).whoAmI({}, token));
  while (begunCalls < protocols.length) await new Promise((resolve) => setTimeout(resolve, 5));
  const begun = performance.now();
  await own.close();
  expect((await Promise.all(running)).map(({ session }) => session?.id)).toEqual(protocols.map(() => "done"));
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test("every message of a request fits the type that the procedure was promised", async () => {
  const client = createClient(SettingsService, createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }));
  await client.updateFlow({ flow, body: { method: { case: "password", value: { password: "p" } } } }, token);
  const { request } = seen.at(-1) ?? {};
  expect(request?.$typeName).toBe(UpdateFlowRequestSchema.typeName);
  expect((request as UpdateFlowRequest).body?.method).toMatchObject({ case: "password", value: { password: "p" } });
});
