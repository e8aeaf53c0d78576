import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { GetFlowErrorResponseSchema } from "../../../../gen/ostiary/errors/v1/error_service_pb.ts";
import { SettingsFlowSchema } from "../../../../gen/ostiary/settings/v1/flow_pb.ts";
import { serviceError } from "../../../../src/errors/service-error.ts";
import { errorPage, type Fake, html, json, openGateway, type Protocol } from "./gateway.ts";

const ui = "http://127.0.0.1:4455/page?flow=f1";
const flow = create(SettingsFlowSchema, { id: "f1", type: 1 });

let protocol: Protocol;
const open = async (fakes: Readonly<Record<string, Fake>>, options?: Parameters<typeof openGateway>[1]) => {
  protocol = await openGateway(fakes, options);
  return protocol.app;
};
afterEach(() => protocol.app.close());

test("an answer that cannot be printed is logged, and INTERNAL", async () => {
  const app = await open({
    "SessionService.WhoAmI": () => ({ session: { expiresAt: { seconds: 10n ** 20n, nanos: 0 } } }),
  });
  expect((await app.inject({ url: "/sessions/whoami", headers: json })).statusCode).toBe(500);
  expect(protocol.logged).toEqual([
    [{ request_id: expect.any(String), err: expect.any(RangeError) }, "the REST protocol could not answer"],
  ]);
});

describe("a failure", () => {
  const failing = (error: unknown) => () => {
    throw error;
  };

  test("is the envelope of its row for JSON", async () => {
    const error = serviceError("FLOW_EXPIRED", {
      explain: "Too late.",
      details: { a: 1 },
      siblings: { use_flow_id: "f2", since: 5 },
      headers: { "retry-after": "3" },
      location: ui,
      cause: new Error("secret"),
    });
    const app = await open({ "SettingsService.UpdateFlow": failing(error) });
    const answer = await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: {},
      headers: { "x-request-id": "mine" },
    });
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
    const app = await open({
      "SettingsService.GetFlow": failing(
        serviceError("SESSION_INACTIVE", { location: ui, headers: { "www-authenticate": "x" } }),
      ),
    });
    const answer = await app.inject({ url: "/self-service/settings/flows?id=x", headers: html });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers).toMatchObject({ location: ui, "www-authenticate": "x" });
    expect((await app.inject({ url: "/self-service/settings/flows?id=x", headers: json })).statusCode).toBe(401);
  });

  test("without a location is shown on the error page, where browsers navigate", async () => {
    const app = await open({
      "SettingsService.UpdateFlow": failing(
        serviceError("CSRF_VIOLATION", { details: { hint: "h" }, siblings: { left: "out" } }),
      ),
      "SessionService.CreateLogoutFlow": failing(serviceError("SESSION_INACTIVE")),
      "SessionService.UpdateLogoutFlow": failing(serviceError("LOGOUT_TOKEN_MISMATCH")),
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const submit = await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: "a=b",
      headers: { ...html, ...form },
    });
    expect(submit.statusCode).toBe(303);
    expect(submit.headers.location).toBe(`${errorPage}?id=the-error`);
    expect(protocol.stored[0]).toEqual({
      id: "security_csrf_violation",
      code: 403,
      status: "Forbidden",
      details: { hint: "h" },
      message: expect.any(String),
    });
    for (const url of ["/self-service/logout/browser", "/self-service/logout?token=x"])
      expect((await app.inject({ url, headers: html })).statusCode).toBe(303);
    expect(protocol.stored.length).toBe(3);
  });

  test("without a location is JSON where only programs go", async () => {
    const app = await open({
      "SessionService.WhoAmI": failing(serviceError("SESSION_INACTIVE")),
      "SettingsService.GetFlow": failing(serviceError("FLOW_NOT_FOUND")),
      "ErrorService.GetFlowError": failing(serviceError("NOT_FOUND")),
      "SettingsService.CreateFlow": failing(serviceError("SESSION_INACTIVE", { location: ui })),
    });
    const places = {
      "/sessions/whoami": 401,
      "/self-service/settings/flows?id=x": 404,
      "/self-service/errors?id=x": 404,
      "/self-service/settings/api": 401,
    };
    for (const [url, status] of Object.entries(places)) {
      const answer = await app.inject({ url, headers: html });
      expect(answer.statusCode, url).toBe(status);
      expect(answer.json().error.code).toBe(status);
    }
    expect(protocol.stored).toEqual([]);
  });

  test("is JSON when there is no error page, or it cannot be stored", async () => {
    const fakes = { "SettingsService.CreateFlow": failing(serviceError("RETURN_TO_FORBIDDEN")) };
    let app = await open(fakes, { errorUiUrl: undefined });
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).statusCode).toBe(400);
    await app.close();
    app = await open(fakes, { storeError: () => Promise.reject(new Error("no database")) });
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).statusCode).toBe(400);
  });

  test("keeps what the error page's address already asks for", async () => {
    const app = await open(
      { "SettingsService.CreateFlow": failing(serviceError("RETURN_TO_FORBIDDEN")) },
      { errorUiUrl: "/error?lang=de", storeError: async () => "a b" },
    );
    expect((await app.inject({ url: "/self-service/settings/browser", headers: html })).headers.location).toBe(
      "/error?lang=de&id=a%20b",
    );
  });

  test("of a form is the form itself, for JSON, and its page for a browser", async () => {
    const rejected = (location: string | undefined) =>
      serviceError("FORM_REJECTED", { form: { desc: SettingsFlowSchema, value: flow }, location });
    let app = await open({ "SettingsService.UpdateFlow": failing(rejected(ui)) });
    const answer = await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: {} });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.json()).toMatchObject({ id: "f1", type: "browser" });
    const form = { "content-type": "application/x-www-form-urlencoded", ...html };
    expect(
      (await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "a=b", headers: form }))
        .headers.location,
    ).toBe(ui);
    await app.close();
    app = await open({ "SettingsService.UpdateFlow": failing(rejected(undefined)) });
    expect(
      (
        await app.inject({ method: "POST", url: "/self-service/settings?flow=f1", payload: "a=b", headers: form })
      ).json(),
    ).toMatchObject({ id: "f1" });
  });

  test("that nobody decided on is INTERNAL and says nothing", async () => {
    const app = await open({
      "SessionService.WhoAmI": failing(new Error("the password is hunter2")),
      "ErrorService.GetFlowError": () => ({ flowError: create(GetFlowErrorResponseSchema) }),
    });
    const answer = await app.inject({ url: "/sessions/whoami", headers: json });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({
      error: { code: 500, status: "Internal Server Error", message: "An internal server error occurred." },
    });
  });
});
