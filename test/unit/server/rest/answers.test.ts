import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import {
  AccountService,
  StreamAccountExportResponseSchema,
} from "../../../../gen/ostiary/account/v1/account_service_pb.ts";
import {
  CreateFlowResponseSchema as LoginCreatedSchema,
  UpdateFlowResponseSchema as SignedInSchema,
} from "../../../../gen/ostiary/login/v1/login_service_pb.ts";
import {
  IdentitySchemaSchema,
  ListSchemasResponseSchema,
} from "../../../../gen/ostiary/schema/v1/schema_service_pb.ts";
import {
  CreateLogoutFlowResponseSchema,
  ListSessionsResponseSchema,
  PerformNativeLogoutResponseSchema,
  UpdateLogoutFlowResponseSchema,
  WhoAmIResponseSchema,
} from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsFlowSchema } from "../../../../gen/ostiary/settings/v1/flow_pb.ts";
import {
  CreateFlowResponseSchema,
  GetFlowResponseSchema,
  LocateChangePasswordResponseSchema,
  UpdateFlowResponseSchema,
} from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { serviceError } from "../../../../src/errors/service-error.ts";
import type { Call } from "../../../../src/lib/call.ts";
import { type Fake, html, json, openGateway, type Protocol } from "./gateway.ts";

const ui = "http://127.0.0.1:4455/page?flow=f1";
const flow = create(SettingsFlowSchema, { id: "f1", type: 1 });

let protocol: Protocol;
const open = async (fakes: Readonly<Record<string, Fake>>, options?: Parameters<typeof openGateway>[1]) => {
  protocol = await openGateway(fakes, options);
  return protocol.app;
};
afterEach(() => protocol.app.close());

describe("an answer", () => {
  const created = {
    "SettingsService.CreateFlow": () => create(CreateFlowResponseSchema, { flow, redirectBrowserTo: ui }),
  };

  test("is the response body for JSON, and a redirect for a browser", async () => {
    const app = await open(created);
    const spa = await app.inject({ url: "/self-service/settings/browser", headers: json });
    expect(spa.statusCode).toBe(200);
    expect(spa.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(spa.json()).toMatchObject({ id: "f1", type: "browser" });
    const browser = await app.inject({ url: "/self-service/settings/browser?return_to=%2Fx", headers: html });
    expect(browser).toMatchObject({ statusCode: 303, body: `<a href="${ui}">See Other</a>.\n` });
    expect(browser.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(browser.headers.location).toBe(ui);
    expect(protocol.seen.map(({ request }) => request)).toMatchObject([
      { type: 1, returnTo: "" },
      { type: 1, returnTo: "/x" },
    ]);
  });

  test("to a GET looks at Accept alone", async () => {
    const app = await open(created);
    const headers = { "content-type": "application/json" };
    expect((await app.inject({ url: "/self-service/settings/browser", headers })).statusCode).toBe(303);
    expect((await app.inject({ url: "/self-service/settings/browser", headers: { accept: "*/*" } })).statusCode).toBe(
      303,
    );
    expect(
      (
        await app.inject({
          url: "/self-service/settings/browser",
          headers: { accept: "application/json, text/plain, */*" },
        })
      ).statusCode,
    ).toBe(200);
  });

  test("to a POST counts a JSON body as asking for JSON", async () => {
    const app = await open({
      "SettingsService.UpdateFlow": () => create(UpdateFlowResponseSchema, { flow, redirectBrowserTo: ui, etag: "v7" }),
    });
    const answer = await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: { method: "profile" },
      headers: { accept: "*/*" },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.etag).toBe('"v7"');
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(
      (
        await app.inject({
          method: "POST",
          url: "/self-service/settings?flow=f1",
          payload: "method=profile",
          headers: { ...form, ...html },
        })
      ).statusCode,
    ).toBe(303);
    expect(
      (
        await app.inject({
          method: "POST",
          url: "/self-service/settings?flow=f1",
          payload: "method=profile",
          headers: { ...form, ...json },
        })
      ).statusCode,
    ).toBe(200);
  });

  test("of a route for programs is JSON, whatever they accept", async () => {
    const app = await open(created);
    const answer = await app.inject({ url: "/self-service/settings/api", headers: html });
    expect(answer).toMatchObject({ statusCode: 200 });
    expect(protocol.seen[0]?.request).toMatchObject({ type: 2 });
  });

  test("that only says where to go on is 422 for JSON", async () => {
    const app = await open({
      "LoginService.CreateFlow": () => create(LoginCreatedSchema, { redirectBrowserTo: ui }),
      "LoginService.UpdateFlow": () => create(SignedInSchema, { redirectBrowserTo: ui }),
    });
    for (const request of [
      { url: "/self-service/login/browser" },
      { method: "POST" as const, url: "/self-service/login?flow=x", payload: {} },
    ]) {
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
      "SettingsService.LocateChangePassword": () =>
        create(LocateChangePasswordResponseSchema, { redirectBrowserTo: "/settings" }),
    });
    const spa = await app.inject({ url: "/self-service/logout?token=x", headers: json });
    expect(spa).toMatchObject({ statusCode: 204, body: "" });
    expect(spa.headers["content-type"]).toBeUndefined();
    expect((await app.inject({ url: "/self-service/logout?token=x", headers: html })).statusCode).toBe(303);
    const native = await app.inject({
      method: "DELETE",
      url: "/self-service/logout/api",
      payload: { session_token: "secret" },
      headers: json,
    });
    expect(native).toMatchObject({ statusCode: 204, body: "" });
    expect(protocol.seen.at(-1)?.request).toMatchObject({ sessionToken: "secret" });
    for (const headers of [html, json]) {
      const answer = await app.inject({ url: "/.well-known/change-password", headers });
      expect(answer).toMatchObject({ statusCode: 303 });
      expect(answer.headers.location).toBe("/settings");
    }
  });

  test("without a navigation field is JSON for browsers too", async () => {
    const app = await open({
      "SettingsService.GetFlow": () => create(GetFlowResponseSchema, { flow, etag: "3" }),
      "SessionService.CreateLogoutFlow": () =>
        create(CreateLogoutFlowResponseSchema, { logoutUrl: "u", logoutToken: "t" }),
    });
    expect((await app.inject({ url: "/self-service/settings/flows?id=f1", headers: html })).json()).toMatchObject({
      id: "f1",
    });
    expect((await app.inject({ url: "/self-service/logout/browser", headers: html })).json()).toEqual({
      logout_url: "u",
      logout_token: "t",
    });
  });

  test("that is a list is a top-level list, with links to its pages", async () => {
    const page = (nextPageToken: string) =>
      create(ListSchemasResponseSchema, {
        schemas: [create(IdentitySchemaSchema, { id: "default", schema: { a: 1 } })],
        nextPageToken,
      });
    const app = await open({
      "SchemaService.ListSchemas": (request: { pageToken: string }) => page(request.pageToken === "" ? "two" : ""),
      "SessionService.ListSessions": () => create(ListSessionsResponseSchema),
    });
    const first = await app.inject({ url: "/schemas?x=y&page=0", headers: json });
    expect(first.json()).toEqual([{ id: "default", schema: { a: 1 } }]);
    expect(first.headers.link).toBe(
      '</schemas?x=y&page_size=1>; rel="first",</schemas?x=y&page_size=1&page_token=two>; rel="next"',
    );
    const second = await app.inject({ url: "/schemas?page_token=two&per_page=5", headers: json });
    expect(second.headers.link).toBe('</schemas?page_size=5>; rel="first"');
    const none = await app.inject({ url: "/sessions", headers: json });
    expect(none.body).toBe("[]");
    expect(none.headers.link).toBe('</sessions>; rel="first"');
  });

  test("that comes in parts tells HEAD how it would begin, and goes no further", async () => {
    let [parts, isOver] = [0, false];
    async function* endless() {
      try {
        for (; parts < 1_000; parts++) yield create(StreamAccountExportResponseSchema, { part: {} });
      } finally {
        isOver = true;
      }
    }
    const { app } = await openGateway({}, { services: [AccountService], sending: () => endless });
    const answer = await app.inject({ method: "HEAD", url: "/account/export/stream" });
    expect([answer.statusCode, answer.headers["content-type"], answer.body]).toEqual([200, "application/x-ndjson", ""]);
    await expect.poll(() => isOver).toBe(true);
    expect(parts).toBeLessThan(2);
  });

  test("that is a list has links below the path of the base URL, whether the proxy leaves that on or not", async () => {
    const fakes = { "SessionService.ListSessions": () => create(ListSessionsResponseSchema) };
    const listener = { base_url: "https://example.com/identity/", trusted_proxies: [] };
    const { app } = await openGateway(fakes, { listener });
    const { headers } = await app.inject({ url: "/sessions?page_size=3", headers: json });
    expect(headers.link).toBe('</identity/sessions?page_size=3>; rel="first"');
  });

  test("carries headers and every cookie of the call", async () => {
    const cookie = (name: string, value: string) =>
      ({ name, value, path: "/", sameSite: "lax", secure: false, httpOnly: true, maxAge: 60 }) as const;
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
        throw serviceError("SESSION_INACTIVE", { location: ui });
      },
    });
    const lines = [
      "csrf_token_x=a+b/c==; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
      "gone=; Max-Age=0; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; " +
        "SameSite=None",
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
    const app = await open({
      "SettingsService.CreateFlow": () =>
        create(CreateFlowResponseSchema, { redirectBrowserTo: "/ü\r\nset-cookie: a=b" }),
    });
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
