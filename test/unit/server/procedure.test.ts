import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Health } from "../../../gen/health/v1/health_pb.ts";
import { GetFlowRequestSchema, LoginService } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import {
  RevokeOtherSessionsRequestSchema,
  RevokeOtherSessionsResponseSchema,
  SessionService,
  WhoAmIRequestSchema,
  WhoAmIResponseSchema,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import {
  ResumeFlowRequestSchema,
  ResumeFlowResponseSchema,
  SettingsService,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { ServiceError, serviceError } from "../../../src/errors/service-error.ts";
import type { Call } from "../../../src/lib/call.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createCallLimit } from "../../../src/server/call-limit.ts";
import { createCallLog } from "../../../src/server/call-log.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import { createProcedure, type ProcedureDeps } from "../../../src/server/procedure.ts";
import { createTrustedOrigins } from "../../../src/server/trusted-origins.ts";

const setUp = (overrides: Partial<ProcedureDeps> = {}) => {
  const lines: Record<string, unknown>[] = [];
  const metrics = createMetrics();
  const log = createLog({ level: "info", format: "json" }, { write: (line) => lines.push(JSON.parse(line)) });
  const deps: ProcedureDeps = {
    callLog: createCallLog({ log, metrics }),
    callLimit: createCallLimit(),
    clock: systemClock,
    credential: ({ headers }) => headers.cookie !== undefined || headers["x-session-token"] !== undefined,
    trustedOrigin: createTrustedOrigins(["https://app.example.com"]),
    ...overrides,
  };
  return { deps, lines, metrics };
};

const call = (parts: Partial<Call> = {}): Call => ({
  protocol: "rest",
  port: "public",
  headers: { "x-session-token": "t" },
  url: "https://id.example.com/x?flow=canary",
  remoteAddress: "192.0.2.1",
  requestId: "r-1",
  signal: new AbortController().signal,
  reply: { headers: new Map(), cookies: [] },
  ...parts,
});

const reasonOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.row.message;
  }
};

const { whoAmI, revokeOtherSessions } = SessionService.method;
const me = create(WhoAmIResponseSchema);
const ask = create(WhoAmIRequestSchema);

describe("access", () => {
  test("an RPC that does not say who may call it is refused at start", () => {
    expect(() =>
      createProcedure({ method: Health.method.check, run: async () => ({}) as never, deps: setUp().deps }),
    ).toThrow("grpc.health.v1.Health/Check does not say who may call it");
  });

  test("an RPC for people with a session is refused without one, and says where to sign in", async () => {
    const procedure = createProcedure({
      method: whoAmI,
      run: async () => me,
      signIn: () => "https://id.example.com/login",
      deps: setUp().deps,
    });
    await expect(procedure(ask, call({ headers: {} }))).rejects.toMatchObject({
      row: { id: "session_inactive" },
      parts: { location: "https://id.example.com/login" },
    });
    expect(await procedure(ask, call())).toBe(me);
  });

  test("a session that turns out to be over says where to sign in, too", async () => {
    const run = async () => {
      throw serviceError("SESSION_INACTIVE");
    };
    const procedure = createProcedure({
      method: whoAmI,
      run,
      signIn: (_request, { url }) => `/login?return_to=${url.length}`,
      deps: setUp().deps,
    });
    await expect(procedure(ask, call())).rejects.toMatchObject({ parts: { location: "/login?return_to=36" } });
  });

  test("an RPC for anyone needs no session", async () => {
    const procedure = createProcedure({
      method: LoginService.method.getFlow,
      run: async () => ({}) as never,
      deps: setUp().deps,
    });
    expect(await reasonOf(procedure(create(GetFlowRequestSchema), call({ headers: {} })))).toBe("ok");
  });
});

describe("calls that a browser makes for another site", () => {
  const revoked = create(RevokeOtherSessionsResponseSchema);
  const revoke = createProcedure({ method: revokeOtherSessions, run: async () => revoked, deps: setUp().deps });
  const nothing = create(RevokeOtherSessionsRequestSchema);
  const flow = "5b6f0d0e-9f0a-4c51-9d4f-3f3a4f9b7a10";
  const cookie = "ory_kratos_session=x";
  const refused = "The request comes from a site that is not trusted.";

  test.each([
    ["no browser at all", {}, "ok"],
    ["the same origin", { "sec-fetch-site": "same-origin" }, "ok"],
    ["the same site", { "sec-fetch-site": "same-site", origin: "https://other.example.org" }, "ok"],
    ["the address bar", { "sec-fetch-site": "none" }, "ok"],
    ["another site", { "sec-fetch-site": "cross-site" }, refused],
    ["another site that names itself", { "sec-fetch-site": "cross-site", origin: "https://evil.example.org" }, refused],
    ["another site that is ours", { "sec-fetch-site": "cross-site", origin: "https://app.example.com" }, "ok"],
    ["a word that no browser says today", { "sec-fetch-site": "cross-origin-isolated" }, refused],
    [
      "a word that no browser says today, and an origin of ours",
      { "sec-fetch-site": "later", origin: "https://app.example.com" },
      "ok",
    ],
    ["an empty word", { "sec-fetch-site": "" }, refused],
    ["an origin with a user", { origin: "https://x@app.example.com" }, refused],
    ["an origin with a user below the server's own name", { origin: "http://x@box.local", host: "box.local" }, refused],
    ["an origin with a scheme in front", { origin: "http://evil://box.local", host: "box.local" }, refused],
    ["an older browser, a strange origin", { origin: "https://evil.example.org" }, refused],
    ["an older browser, an origin that is none", { origin: "null" }, refused],
    ["an older browser, an origin of ours", { origin: "https://app.example.com" }, "ok"],
    [
      "an older browser, a page of the server itself",
      { origin: "http://box.local:4433", host: "box.local:4433" },
      "ok",
    ],
    [
      "an older browser, a page of a server whose name ends like ours",
      { origin: "http://evilbox.local", host: "box.local" },
      refused,
    ],
    ["an origin that only begins like ours", { origin: "https://app.example.com.evil.example.org" }, refused],
  ])("with cookies: %s", async (_what, headers, outcome) => {
    for (const protocol of ["rest", "connect", "grpc-web"] as const)
      expect(await reasonOf(revoke(nothing, call({ protocol, headers: { cookie, ...headers } })))).toBe(outcome);
  });

  test("without cookies there is nothing to steal", async () => {
    expect(
      await reasonOf(
        revoke(
          nothing,
          call({
            headers: { "x-session-token": "t", origin: "https://evil.example.org", "sec-fetch-site": "cross-site" },
          }),
        ),
      ),
    ).toBe("ok");
  });

  test("a link may be followed from anywhere, but only as a link", async () => {
    const resume = createProcedure({
      method: SettingsService.method.resumeFlow,
      run: async () => create(ResumeFlowResponseSchema),
      deps: setUp().deps,
    });
    const headers = { cookie, "sec-fetch-site": "cross-site" };
    expect(await reasonOf(resume(create(ResumeFlowRequestSchema, { flow }), call({ headers })))).toBe("ok");
    expect(
      await reasonOf(resume(create(ResumeFlowRequestSchema, { flow }), call({ headers, protocol: "connect" }))),
    ).toBe(refused);
  });

  test("a provider's callback may come from the provider", async () => {
    const callback = createProcedure({
      method: revokeOtherSessions,
      run: async () => revoked,
      anySite: true,
      deps: setUp().deps,
    });
    expect(await reasonOf(callback(nothing, call({ headers: { cookie, origin: "https://provider.example" } })))).toBe(
      "ok",
    );
  });
});

describe("failures", () => {
  const failing = (error: unknown, overrides?: Partial<ProcedureDeps>) => {
    const { deps, lines } = setUp(overrides);
    const run = async () => {
      throw error;
    };
    return { procedure: createProcedure({ method: whoAmI, run, deps }), lines };
  };

  test("what the service decided passes as it is", async () => {
    const decided = serviceError("NOT_FOUND", { explain: "No." });
    const { procedure, lines } = failing(decided);
    await expect(procedure(ask, call())).rejects.toBe(decided);
    expect(lines).toMatchObject([{ level: "info", code: "not_found", reason: "NOT_FOUND" }]);
  });

  test("what broke is INTERNAL, and the log says where", async () => {
    const { procedure, lines } = failing(new TypeError("x is not a function"));
    await expect(procedure(ask, call())).rejects.toMatchObject({
      message: "An internal server error occurred.",
      row: { status: 500 },
    });
    expect(lines[0]).toMatchObject({
      level: "error",
      request_id: "r-1",
      err: { type: "TypeError", message: "x is not a function" },
    });
    expect(JSON.stringify(lines[0])).toContain("procedure.test.ts");
    expect(lines[1]).toMatchObject({ code: "internal" });
  });

  test.each([
    Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
    Object.assign(new Error("lost"), { code: "PROTOCOL_CONNECTION_LOST" }),
    Object.assign(new Error("too many"), { code: "ER_CON_COUNT_ERROR" }),
    Object.assign(new Error("deadlock"), { transient: true }),
    Object.assign(new Error("gone"), { name: "DatabaseUnavailable" }),
    new Error("Pool is closed."),
  ])("a database that cannot be used is UNAVAILABLE: %s", async (error) => {
    await expect(failing(error).procedure(ask, call())).rejects.toMatchObject({
      row: { status: 503 },
      parts: { headers: { "retry-after": "1" } },
    });
  });

  test("a client that is gone is nobody's failure", async () => {
    const gone = AbortSignal.abort(new Error("gone"));
    const { procedure, lines } = failing(gone.reason);
    await expect(procedure(ask, call({ signal: gone }))).rejects.toBe(gone.reason);
    expect(lines).toMatchObject([{ level: "info", code: "canceled" }]);
  });

  test("a server that has enough to do says so, and goes on when it has less", async () => {
    const { deps } = setUp({ callLimit: createCallLimit(1) });
    const { promise, resolve } = Promise.withResolvers<typeof me>();
    const procedure = createProcedure({ method: whoAmI, run: () => promise, deps });
    const first = procedure(ask, call());
    await expect(procedure(ask, call())).rejects.toMatchObject({
      message: "Too much work at once.",
      parts: { headers: { "retry-after": "1" } },
    });
    resolve(me);
    await first;
    expect(await procedure(ask, call())).toBe(me);
  });
});

describe("the log and the figures", () => {
  test("a call is one line, and nothing in it is anyone's secret", async () => {
    const { deps, lines, metrics } = setUp();
    const procedure = createProcedure({ method: whoAmI, run: async () => me, deps });
    const headers = {
      "x-session-token": "canary",
      cookie: "canary=1",
      authorization: "bearer canary",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    await procedure(create(WhoAmIRequestSchema, { tokenizeAs: "canary" }), call({ headers }));
    expect(lines).toEqual([
      {
        level: "info",
        time: expect.any(String),
        request_id: "r-1",
        rpc: "ostiary.session.v1.SessionService/WhoAmI",
        protocol: "rest",
        port: "public",
        code: "ok",
        ms: expect.any(Number),
        trace_id: "0af7651916cd43dd8448eb211c80319c",
        msg: "call",
      },
    ]);
    const figures = await metrics.registry.metrics();
    expect(figures).toContain(
      'ostiary_call_duration_seconds_count{rpc="ostiary.session.v1.SessionService/WhoAmI",protocol="rest",code="ok"} 1',
    );
    expect(figures).not.toContain("canary");
  });

  test("what a driver or a parser quotes stays out of the log", async () => {
    const { deps, lines } = setUp();
    const sql = Object.assign(new Error("Duplicate entry 'canary@example.com' for key 'x'"), {
      sql: "INSERT … 'canary'",
      sqlMessage: "canary",
      code: "ER_DUP_ENTRY",
    });
    const run = async () => {
      try {
        JSON.parse('{"password":"canary" nope');
      } catch (cause) {
        throw Object.assign(sql, { cause });
      }
      return me;
    };
    await reasonOf(createProcedure({ method: whoAmI, run, deps })(ask, call()));
    expect(lines[0]).toMatchObject({ err: { code: "ER_DUP_ENTRY", cause: { type: "SyntaxError" } } });
    expect(JSON.stringify(lines)).not.toContain("canary");
  });
});
