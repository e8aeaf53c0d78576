import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { GetFlowErrorResponseSchema } from "../../../gen/ostiary/errors/v1/error_service_pb.ts";
import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { CreateFlowResponseSchema as LoginCreatedSchema, UpdateFlowResponseSchema as SignedInSchema } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { IdentitySchemaSchema, ListSchemasResponseSchema } from "../../../gen/ostiary/schema/v1/schema_service_pb.ts";
import {
  CreateLogoutFlowResponseSchema,
  ListSessionsResponseSchema,
  PerformNativeLogoutResponseSchema,
  UpdateLogoutFlowResponseSchema,
  WhoAmIResponseSchema,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsFlowSchema } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import {
  CreateFlowResponseSchema,
  GetFlowResponseSchema,
  LocateChangePasswordResponseSchema,
  type UpdateFlowRequest,
  UpdateFlowResponseSchema,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { fail } from "../../../src/errors/service-error.ts";
import type { Call } from "../../../src/lib/call.ts";
import { type Door, errorPage, type Fake, html, json, openDoor } from "./door.ts";

const ui = "http://127.0.0.1:4455/page?flow=f1";
const flow = create(SettingsFlowSchema, { id: "f1", type: 1 });

let door: Door;
const open = async (fakes: Readonly<Record<string, Fake>>, options?: Parameters<typeof openDoor>[1]) => {
  door = await openDoor(fakes, options);
  return door.app;
};
afterEach(() => door.app.close());

describe("an answer", () => {
  const created = { "SettingsService.CreateFlow": () => create(CreateFlowResponseSchema, { flow, redirectBrowserTo: ui }) };

  test("is the response body for JSON, and a redirect for a browser", async () => {
    const app = await open(created);
    const spa = await app.inject({ url: "/self-service/settings/browser", headers: json });
    expect(spa.statusCode).toBe(200);
    expect(spa.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(spa.json()).toMatchObject({ id: "f1", type: "browser" });
    const browser = await app.inject({ url: "/self-service/settings/browser?return_to=%2Fx", headers: html });
    expect(browser).toMatchObject({ statusCode: 303, body: "" });
    expect(browser.headers.location).toBe(ui);
    expect(door.seen.map(({ request }) => request)).toMatchObject([
      { type: 1, returnTo: "" },
      { type: 1, returnTo: "/x" },
    ]);
  });

  test("to a GET looks at Accept alone", async () => {
    const app = await open(created);
    const headers = { "content-type": "application/json" };
    expect((await app.inject({ url: "/self-service/settings/browser", headers })).statusCode).toBe(303);
    expect((await app.inject({ url: "/self-service/settings/browser", headers: { accept: "*/*" } })).statusCode).toBe(303);
    expect((await app.inject({ url: "/self-service/settings/browser", headers: { accept: "application/json, text/plain, */*" } })).statusCode).toBe(200);
  });

  test("to a POST counts a JSON body as asking for JSON", async () => {
    const app = await open({ "SettingsService.UpdateFlow": () => create(UpdateFlowResponseSchema, { flow, redirectBrowserTo: ui, etag: "v7" }) });
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: { method: "profile" }, headers: { accept: "*/*" } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.etag).toBe('"v7"');
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(
      (await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "method=profile", headers: { ...form, ...html } })).statusCode,
    ).toBe(303);
    expect(
      (await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "method=profile", headers: { ...form, ...json } })).statusCode,
    ).toBe(200);
  });

  test("of a route for programs is JSON, whatever they accept", async () => {
    const app = await open(created);
    const answer = await app.inject({ url: "/self-service/settings/api", headers: html });
    expect(answer).toMatchObject({ statusCode: 200 });
    expect(door.seen[0]?.request).toMatchObject({ type: 2 });
  });

  test("that only says where to go on is 422 for JSON", async () => {
    const app = await open({
      "LoginService.CreateFlow": () => create(LoginCreatedSchema, { redirectBrowserTo: ui }),
      "LoginService.UpdateFlow": () => create(SignedInSchema, { redirectBrowserTo: ui }),
    });
    for (const request of [{ url: "/self-service/login/browser" }, { method: "POST" as const, url: "/self-service/login?flow=x", payload: {} }]) {
      const answer = await app.inject({ ...request, headers: json });
      expect(answer).toMatchObject({ statusCode: 422 });
      expect(answer.json()).toMatchObject({
        error: { id: "browser_location_change_required", code: 422, status: "Unprocessable Entity" },
        redirect_browser_to: ui,
      });
    }
    expect((await app.inject({ url: "/self-service/login/browser", headers: html })).statusCode).toBe(303);
  });

  test("with nothing to print is 204, or a redirect when that is all it is for", async () => {
    const app = await open({
      "SessionService.UpdateLogoutFlow": () => create(UpdateLogoutFlowResponseSchema, { redirectBrowserTo: ui }),
      "SessionService.PerformNativeLogout": () => create(PerformNativeLogoutResponseSchema),
      "SettingsService.LocateChangePassword": () => create(LocateChangePasswordResponseSchema, { redirectBrowserTo: "/settings" }),
    });
    const spa = await app.inject({ url: "/self-service/logout?token=x", headers: json });
    expect(spa).toMatchObject({ statusCode: 204, body: "" });
    expect(spa.headers["content-type"]).toBeUndefined();
    expect((await app.inject({ url: "/self-service/logout?token=x", headers: html })).statusCode).toBe(303);
    const native = await app.inject({ method: "DELETE", url: "/self-service/logout/api", payload: { session_token: "secret" }, headers: json });
    expect(native).toMatchObject({ statusCode: 204, body: "" });
    expect(door.seen.at(-1)?.request).toMatchObject({ sessionToken: "secret" });
    for (const headers of [html, json]) {
      const answer = await app.inject({ url: "/.well-known/change-password", headers });
      expect(answer).toMatchObject({ statusCode: 303 });
      expect(answer.headers.location).toBe("/settings");
    }
  });

  test("without a navigation field is JSON for browsers too", async () => {
    const app = await open({
      "SettingsService.GetFlow": () => create(GetFlowResponseSchema, { flow, etag: "3" }),
      "SessionService.CreateLogoutFlow": () => create(CreateLogoutFlowResponseSchema, { logoutUrl: "u", logoutToken: "t" }),
    });
    expect((await app.inject({ url: "/self-service/settings/flows?id=f1", headers: html })).json()).toMatchObject({ id: "f1" });
    expect((await app.inject({ url: "/self-service/logout/browser", headers: html })).json()).toEqual({ logout_url: "u", logout_token: "t" });
  });

  test("that is a list is a top-level list, with links to its pages", async () => {
    const page = (nextPageToken: string) =>
      create(ListSchemasResponseSchema, { schemas: [create(IdentitySchemaSchema, { id: "default", schema: { a: 1 } })], nextPageToken });
    const app = await open({
      "SchemaService.ListSchemas": (request: { pageToken: string }) => page(request.pageToken === "" ? "two" : ""),
      "SessionService.ListSessions": () => create(ListSessionsResponseSchema),
    });
    const first = await app.inject({ url: "/schemas?x=y&page=0", headers: json });
    expect(first.json()).toEqual([{ id: "default", schema: { a: 1 } }]);
    expect(first.headers.link).toBe('</schemas?x=y&page_size=1>; rel="first",</schemas?x=y&page_size=1&page_token=two>; rel="next"');
    const second = await app.inject({ url: "/schemas?page_token=two&per_page=5", headers: json });
    expect(second.headers.link).toBe('</schemas?page_size=5>; rel="first"');
    const none = await app.inject({ url: "/sessions", headers: json });
    expect(none.body).toBe("[]");
    expect(none.headers.link).toBe('</sessions>; rel="first"');
  });

  test("carries headers and every cookie of the call", async () => {
    const cookie = (name: string, value: string) => ({ name, value, path: "/", sameSite: "lax", secure: false, httpOnly: true, maxAge: 60 }) as const;
    const set = (_: never, { reply }: Call) => {
      reply.headers.set("x-something", "1");
      reply.cookies.push(cookie("csrf_token_x", "a+b/c=="), {
        ...cookie("gone", ""),
        maxAge: 0,
        expires: new Date(0),
        domain: "example.com",
        secure: true,
        sameSite: "none",
      });
      return create(WhoAmIResponseSchema);
    };
    const app = await open({
      "SessionService.WhoAmI": set,
      "SettingsService.CreateFlow": (request: never, call) => {
        set(request, call);
        throw fail("SESSION_INACTIVE", { location: ui });
      },
    });
    const lines = [
      "csrf_token_x=a+b/c==; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
      "gone=; Max-Age=0; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None",
    ];
    for (const [url, headers] of [
      ["/sessions/whoami", json],
      ["/self-service/settings/browser", json],
      ["/self-service/settings/browser", html],
    ] as const) {
      const answer = await app.inject({ url, headers });
      expect(answer.headers["set-cookie"]).toEqual(lines);
      expect(answer.headers["x-something"]).toBe("1");
    }
  });

  test("cannot smuggle headers through a place to go", async () => {
    const app = await open({ "SettingsService.CreateFlow": () => create(CreateFlowResponseSchema, { redirectBrowserTo: "/ü\r\nset-cookie: a=b" }) });
    const answer = await app.inject({ url: "/self-service/settings/browser", headers: html });
    expect(answer.headers.location).toBe("/%C3%BC%0D%0Aset-cookie:%20a=b");
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  test("says that it must not be kept", async () => {
    const app = await open({ "SessionService.WhoAmI": () => create(WhoAmIResponseSchema) });
    for (const url of ["/sessions/whoami", "/nothing", "/admin/x"]) {
      expect((await app.inject({ url, headers: json })).headers).toMatchObject({
        "cache-control": "private, no-cache, no-store, must-revalidate",
        vary: "Cookie, Origin",
        "x-content-type-options": "nosniff",
      });
    }
  });
});

describe("a request", () => {
  const update = { "SettingsService.UpdateFlow": () => create(UpdateFlowResponseSchema, { flow }) };
  const sent = () => door.seen.at(-1) as unknown as { request: UpdateFlowRequest; call: Call };

  test("has its flow in the query and its fields in the body", async () => {
    const app = await open(update);
    await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1&body.csrf_token=no&csrf_token=no",
      payload: { method: "password", password: "x", flow: "other" },
    });
    expect(sent().request).toMatchObject({ flow: "f1", body: { csrfToken: "", method: { case: "password", value: { password: "x" } } } });
    expect(sent().call.malformed).toBeUndefined();
  });

  test("in JSON, as a form and as multipart is the same", async () => {
    const app = await open(update);
    const form = new FormData();
    form.append("method", "profile");
    form.append("traits.email", "a@b.c");
    const multipart = new Response(form);
    const bodies = [
      { payload: '{"method":"profile","traits.email":"a@b.c"}', type: "application/json" },
      { payload: "method=profile&traits.email=a%40b.c", type: "application/x-www-form-urlencoded" },
      { payload: Buffer.from(await multipart.arrayBuffer()), type: multipart.headers.get("content-type") ?? "" },
    ];
    for (const { payload, type } of bodies) {
      const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload, headers: { ...json, "content-type": type } });
      expect(answer.statusCode).toBe(200);
      expect(sent().request.body?.method).toMatchObject({ case: "profile", value: { traits: { "traits.email": "a@b.c" } } });
    }
  });

  test("whose body cannot be read reaches the procedure with an empty one", async () => {
    const app = await open(update);
    const bodies = [
      { payload: "{", headers: { "content-type": "application/json" } },
      { payload: "[1]", headers: { "content-type": "application/json" } },
      { payload: "x", headers: { "content-type": "text/plain" } },
      { payload: "x", headers: { "content-type": "no type at all" } },
      { payload: "", headers: { "content-type": "application/json" } },
      { headers: {} },
    ];
    for (const { headers, ...body } of bodies) {
      const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", ...body, headers: { ...json, ...headers } });
      expect(answer.statusCode).toBe(200);
      expect(sent().call.malformed).toMatch(/^The /);
      expect(sent().request).toMatchObject({ flow: "f1", body: { csrfToken: "", method: { case: undefined } } });
    }
  });

  test("with a field that cannot be used is 400 and names it, and never reaches the procedure", async () => {
    const app = await open(update);
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: { method: "profile", traits: "x" } });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json().error).toMatchObject({ code: 400, status: "Bad Request", details: { field: "traits" }, reason: expect.stringContaining("traits") });
    expect(door.seen).toEqual([]);
  });

  test("that is too large is 413", async () => {
    const app = await open(update, { bodyLimit: 100 });
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: { method: "x".repeat(200) } });
    expect(answer).toMatchObject({ statusCode: 413 });
    expect(answer.json().error).toMatchObject({ code: 413 });
    expect(door.seen).toEqual([]);
  });

  test("may leave query parameters empty, and send ones nobody knows", async () => {
    const app = await open({ "LoginService.CreateFlow": () => create(LoginCreatedSchema, { flow: create(LoginFlowSchema) }) });
    const answer = await app.inject({ url: "/self-service/login/browser?aal=&refresh=&return_to=&organization=&via=&type=api&x.y=1&refresh", headers: json });
    expect(answer.statusCode).toBe(200);
    expect(door.seen[0]?.request).toMatchObject({ type: 1, refresh: false, aal: "", returnTo: "" });
    const repeated = await app.inject({ url: "/self-service/login/browser?refresh=false&refresh=true", headers: json });
    expect(repeated.statusCode).toBe(200);
    expect(door.seen[1]?.request).toMatchObject({ refresh: true });
  });

  test("gives path parameters decoded, over the query", async () => {
    const app = await open({ "SchemaService.GetSchema": () => ({ $typeName: "ostiary.schema.v1.GetSchemaResponse", schema: { $id: "x" } }) });
    expect((await app.inject({ url: "/schemas/a%2Fb%20c?id=other", headers: json })).json()).toEqual({ $id: "x" });
    expect(door.seen[0]?.request).toMatchObject({ id: "a/b c" });
  });

  test("takes If-Match for an etag that was not sent in the body", async () => {
    const app = await open(update);
    const post = { method: "POST", url: "/self-service/settings?flow=f1", headers: { "if-match": 'W/"v1", "v2"' } } as const;
    await app.inject({ ...post, payload: {} });
    expect(sent().request.body?.etag).toBe("v1");
    await app.inject({ ...post, payload: { etag: "v9" } });
    expect(sent().request.body?.etag).toBe("v9");
    await app.inject({ ...post, headers: { "if-match": "*" }, payload: {} });
    expect(sent().request.body?.etag).toBeUndefined();
  });

  test("comes as a call that knows its URL, address and door", async () => {
    const app = await open(update);
    await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: {}, headers: { host: "id.example.com" }, remoteAddress: "192.0.2.7" });
    expect(sent().call).toMatchObject({
      door: "rest",
      port: "public",
      url: "http://id.example.com/self-service/settings?flow=f1",
      remoteAddress: "192.0.2.7",
      requestId: expect.any(String),
    });
  });

  test("that only looks ahead never reaches a GET that writes", async () => {
    const app = await open({ "SessionService.UpdateLogoutFlow": () => create(UpdateLogoutFlowResponseSchema, { redirectBrowserTo: ui }) });
    expect(await app.inject({ method: "HEAD", url: "/self-service/logout?token=x", headers: html })).toMatchObject({ statusCode: 200, body: "" });
    expect(await app.inject({ method: "HEAD", url: "/self-service/settings?flow=x", headers: html })).toMatchObject({ statusCode: 200, body: "" });
    for (const ahead of [{ "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }, { "x-moz": "prefetch" }]) {
      expect((await app.inject({ url: "/self-service/logout?token=x", headers: { ...html, ...ahead } as Record<string, string> })).statusCode).toBe(503);
    }
    expect(door.seen).toEqual([]);
    expect((await app.inject({ url: "/self-service/logout?token=x", headers: html })).statusCode).toBe(303);
  });
});

describe("a failure", () => {
  const failing = (error: unknown) => () => {
    throw error;
  };

  test("is the envelope of its row for JSON", async () => {
    const error = fail("FLOW_EXPIRED", {
      explain: "Too late.",
      details: { a: 1 },
      siblings: { use_flow_id: "f2", since: 5 },
      headers: { "retry-after": "3" },
      location: ui,
      cause: new Error("secret"),
    });
    const app = await open({ "SettingsService.UpdateFlow": failing(error) });
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: {}, headers: { "x-request-id": "mine" } });
    expect(answer.statusCode).toBe(410);
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "retry-after": "3" });
    expect(answer.json()).toEqual({
      error: {
        id: "self_service_flow_expired",
        code: 410,
        status: "Gone",
        request: "mine",
        reason: "Too late.",
        details: { a: 1 },
        message: error.row.message,
      },
      use_flow_id: "f2",
      since: 5,
    });
  });

  test("sends a browser to its location", async () => {
    const app = await open({ "SettingsService.GetFlow": failing(fail("SESSION_INACTIVE", { location: ui, headers: { "www-authenticate": "x" } })) });
    const answer = await app.inject({ url: "/self-service/settings/flows?id=x", headers: html });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers).toMatchObject({ location: ui, "www-authenticate": "x" });
    expect((await app.inject({ url: "/self-service/settings/flows?id=x", headers: json })).statusCode).toBe(401);
  });

  test("without a location is shown on the error page, where browsers navigate", async () => {
    const app = await open({
      "SettingsService.UpdateFlow": failing(fail("CSRF_VIOLATION", { details: { hint: "h" }, siblings: { left: "out" } })),
      "SessionService.CreateLogoutFlow": failing(fail("SESSION_INACTIVE")),
      "SessionService.UpdateLogoutFlow": failing(fail("LOGOUT_TOKEN_MISMATCH")),
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const submit = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "a=b", headers: { ...html, ...form } });
    expect(submit.statusCode).toBe(303);
    expect(submit.headers.location).toBe(`${errorPage}?id=the-error`);
    expect(door.stored[0]).toEqual({ id: "security_csrf_violation", code: 403, status: "Forbidden", details: { hint: "h" }, message: expect.any(String) });
    for (const url of ["/self-service/logout/browser", "/self-service/logout?token=x"]) expect((await app.inject({ url, headers: html })).statusCode).toBe(303);
    expect(door.stored.length).toBe(3);
  });

  test("without a location is JSON where only programs go", async () => {
    const app = await open({
      "SessionService.WhoAmI": failing(fail("SESSION_INACTIVE")),
      "SettingsService.GetFlow": failing(fail("FLOW_NOT_FOUND")),
      "ErrorService.GetFlowError": failing(fail("NOT_FOUND")),
      "SettingsService.CreateFlow": failing(fail("SESSION_INACTIVE", { location: ui })),
    });
    const places = { "/sessions/whoami": 401, "/self-service/settings/flows?id=x": 404, "/self-service/errors?id=x": 404, "/self-service/settings/api": 401 };
    for (const [url, status] of Object.entries(places)) {
      const answer = await app.inject({ url, headers: html });
      expect(answer.statusCode, url).toBe(status);
      expect(answer.json().error.code).toBe(status);
    }
    expect(door.stored).toEqual([]);
  });

  test("is JSON when there is no error page, or it cannot be stored", async () => {
    const fakes = { "SettingsService.CreateFlow": failing(fail("RETURN_TO_FORBIDDEN")) };
    let app = await open(fakes, { errorUiUrl: undefined });
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).statusCode).toBe(400);
    await app.close();
    app = await open(fakes, { storeError: () => Promise.reject(new Error("no database")) });
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).statusCode).toBe(400);
  });

  test("keeps what the error page's address already asks for", async () => {
    const app = await open(
      { "SettingsService.CreateFlow": failing(fail("RETURN_TO_FORBIDDEN")) },
      { errorUiUrl: "/error?lang=de", storeError: async () => "a b" },
    );
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).headers.location).toBe("/error?lang=de&id=a%20b");
  });

  test("of a form is the form itself, for JSON, and its page for a browser", async () => {
    const rejected = (location: string | undefined) => fail("FORM_REJECTED", { form: { desc: SettingsFlowSchema, value: flow }, location });
    let app = await open({ "SettingsService.UpdateFlow": failing(rejected(ui)) });
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: {} });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.json()).toMatchObject({ id: "f1", type: "browser" });
    const form = { "content-type": "application/x-www-form-urlencoded", ...html };
    expect((await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "a=b", headers: form })).headers.location).toBe(ui);
    await app.close();
    app = await open({ "SettingsService.UpdateFlow": failing(rejected(undefined)) });
    expect((await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "a=b", headers: form })).json()).toMatchObject({ id: "f1" });
  });

  test("that nobody decided on is INTERNAL and says nothing", async () => {
    const app = await open({
      "SessionService.WhoAmI": failing(new Error("the password is hunter2")),
      "ErrorService.GetFlowError": () => ({ flowError: create(GetFlowErrorResponseSchema) }),
    });
    const answer = await app.inject({ url: "/sessions/whoami", headers: json });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({ error: { code: 500, status: "Internal Server Error", message: "An internal server error occurred." } });
  });
});

describe("a place", () => {
  test("nobody knows is 404 in plain text", async () => {
    const app = await open({});
    for (const request of [
      { url: "/nothing/here", headers: html },
      { method: "POST" as const, url: "/self-service/settings/", payload: "{" },
      { url: "/self-service/setting", headers: json },
      { url: "/version", headers: json },
    ]) {
      const answer = await app.inject(request);
      expect(answer.statusCode).toBe(404);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    }
  });

  test("refuses verbs it does not know, and names those it does", async () => {
    const app = await open({});
    const allow = async (method: "DELETE" | "OPTIONS" | "POST" | "PUT" | "GET", url: string) => {
      const answer = await app.inject({ method, url, headers: json });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
      expect(answer.body).not.toBe("");
      return answer.headers.allow;
    };
    expect(await allow("OPTIONS", "/self-service/login/api")).toBe("GET, HEAD");
    expect(await allow("POST", "/self-service/settings/api")).toBe("GET, HEAD");
    expect(await allow("DELETE", "/self-service/settings?flow=x")).toBe("GET, HEAD, POST");
    expect(await allow("DELETE", "/sessions/whoami")).toBe("GET, HEAD, POST, PUT, PATCH");
    expect(await allow("GET", "/sessions/x")).toBe("DELETE");
    expect(await allow("PUT", "/self-service/login?flow=x")).toBe("POST");
  });

  test("that is read answers HEAD with the same headers and no body", async () => {
    const app = await open({ "SessionService.WhoAmI": () => create(WhoAmIResponseSchema) });
    const answer = await app.inject({ method: "HEAD", url: "/sessions/whoami", headers: json });
    expect(answer).toMatchObject({ statusCode: 200, body: "" });
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("of the admin port is sent there from the public one", async () => {
    const app = await open({});
    for (const method of ["GET", "DELETE"] as const) {
      const answer = await app.inject({ method, url: "/admin/identities/x?y=1", headers: json });
      expect(answer.statusCode).toBe(307);
      expect(answer.headers.location).toBe("http://127.0.0.1:4434/admin/identities/x?y=1");
    }
    expect((await app.inject({ url: "/administrator" })).statusCode).toBe(404);
  });

  test("of the public port is sent there from the admin one, with and without prefix", async () => {
    const app = await open({}, { port: "admin" });
    const sent = async (url: string, method: "GET" | "POST" = "GET") => {
      const answer = await app.inject({ url, method, headers: json });
      return answer.statusCode === 307 ? answer.headers.location : answer.statusCode;
    };
    expect(await sent("/self-service/settings/api?x=1")).toBe("http://127.0.0.1:4433/self-service/settings/api?x=1");
    expect(await sent("/admin/schemas")).toBe("http://127.0.0.1:4433/schemas");
    expect(await sent("/schemas/default")).toBe("http://127.0.0.1:4433/schemas/default");
    expect(await sent("/sessions/whoami?x=1", "POST")).toBe("http://127.0.0.1:4433/sessions/whoami?x=1");
    expect(await sent("/self-service/recovery/flows?id=x")).toBe("http://127.0.0.1:4433/self-service/recovery/flows?id=x");
    expect(await sent("/admin/nothing")).toBe(404);
    expect(await sent("//evil.example.com/")).toBe(404);
    expect(door.seen).toEqual([]);
  });
});

describe("another origin", () => {
  const preflight = (origin: string, method = "POST", headers = "content-type") => ({
    method: "OPTIONS" as const,
    url: "/self-service/settings",
    headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
  });
  const fakes = { "SessionService.WhoAmI": () => create(WhoAmIResponseSchema) };

  test("that is listed may ask and read, with credentials", async () => {
    const app = await open(fakes);
    for (const origin of ["http://127.0.0.1:4455", "https://eu.shop.example.com"]) {
      const asked = await app.inject(preflight(origin));
      expect(asked.statusCode).toBe(204);
      expect(asked.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
      });
      const read = await app.inject({ url: "/sessions/whoami", headers: { ...json, origin } });
      expect(read.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Content-Type",
        vary: "Cookie, Origin",
      });
    }
  });

  test("that is not listed gets an answer it cannot read", async () => {
    const app = await open(fakes);
    const others = [
      "http://evil.example.org",
      "https://example.com",
      "https://evil.com/.example.com",
      "https://evilexample.com",
      "http://eu.example.com",
      "null",
      "https://a@b.example.com",
    ];
    for (const origin of others) {
      const asked = await app.inject(preflight(origin));
      expect(asked.statusCode).toBe(204);
      const read = await app.inject({ url: "/sessions/whoami", headers: { ...json, origin } });
      expect(read.statusCode).toBe(200);
      for (const answer of [asked, read])
        for (const name of ["access-control-allow-origin", "access-control-allow-credentials"]) expect(answer.headers[name], origin).toBeUndefined();
    }
  });

  test("must ask for methods and headers that are allowed", async () => {
    const app = await open(fakes);
    const origin = "http://127.0.0.1:4455";
    for (const request of [preflight(origin, "TRACE"), preflight(origin, "POST", "x-evil")])
      expect((await app.inject(request)).headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("is nobody's business when CORS is off", async () => {
    const app = await open(fakes, { cors: false });
    const read = await app.inject({ url: "/sessions/whoami", headers: { ...json, origin: "http://127.0.0.1:4455" } });
    expect(read.headers.vary).toBe("Cookie");
    expect(read.headers["access-control-allow-origin"]).toBeUndefined();
    expect((await app.inject(preflight("http://127.0.0.1:4455"))).statusCode).toBe(405);
  });
});
