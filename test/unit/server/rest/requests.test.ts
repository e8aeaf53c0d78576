import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { LoginFlowSchema } from "../../../../gen/ostiary/login/v1/flow_pb.ts";
import { CreateFlowResponseSchema as LoginCreatedSchema } from "../../../../gen/ostiary/login/v1/login_service_pb.ts";
import { UpdateLogoutFlowResponseSchema } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsFlowSchema } from "../../../../gen/ostiary/settings/v1/flow_pb.ts";
import {
  type UpdateFlowRequest,
  UpdateFlowResponseSchema,
} from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
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

describe("a request", () => {
  const update = { "SettingsService.UpdateFlow": () => create(UpdateFlowResponseSchema, { flow }) };
  const sent = () => protocol.seen.at(-1) as unknown as { request: UpdateFlowRequest; call: Call };

  test("has its flow in the query and its fields in the body", async () => {
    const app = await open(update);
    await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1&body.csrf_token=no&csrf_token=no",
      payload: { method: "password", password: "x", flow: "other" },
    });
    expect(sent().request).toMatchObject({
      flow: "f1",
      body: { csrfToken: "", method: { case: "password", value: { password: "x" } } },
    });
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
      const answer = await app.inject({
        method: "POST",
        url: "/self-service/settings?flow=f1",
        payload,
        headers: { ...json, "content-type": type },
      });
      expect(answer.statusCode).toBe(200);
      expect(sent().request.body?.method).toMatchObject({
        case: "profile",
        value: { traits: { "traits.email": "a@b.c" } },
      });
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
      const answer = await app.inject({
        method: "POST",
        url: "/self-service/settings?flow=f1",
        ...body,
        headers: { ...json, ...headers },
      });
      expect(answer.statusCode).toBe(200);
      expect(sent().call.malformed).toMatch(/^The /);
      expect(sent().request).toMatchObject({ flow: "f1", body: { csrfToken: "", method: { case: undefined } } });
    }
  });

  test("with a field that cannot be used is 400 and names it, and never reaches the procedure", async () => {
    const app = await open(update);
    const answer = await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: { method: "profile", traits: "x" },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json().error).toMatchObject({
      code: 400,
      status: "Bad Request",
      details: { field: "traits" },
      reason: expect.stringContaining("traits"),
    });
    expect(protocol.seen).toEqual([]);
  });

  test("that is too large is 413", async () => {
    const app = await open(update, { bytes: 100 });
    const answer = await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: { method: "x".repeat(200) },
    });
    expect(answer).toMatchObject({ statusCode: 413 });
    expect(answer.json().error).toMatchObject({ code: 413 });
    expect(protocol.seen).toEqual([]);
  });

  test("may leave query parameters empty, and send ones nobody knows", async () => {
    const app = await open({
      "LoginService.CreateFlow": () => create(LoginCreatedSchema, { flow: create(LoginFlowSchema) }),
    });
    const answer = await app.inject({
      url: "/self-service/login/browser?aal=&refresh=&return_to=&organization=&via=&type=api&x.y=1&x.y=2",
      headers: json,
    });
    expect(answer.statusCode).toBe(200);
    expect(protocol.seen[0]?.request).toMatchObject({ type: 1, refresh: false, aal: "", returnTo: "" });
  });

  test("must not repeat a query parameter that is no list", async () => {
    const app = await open({});
    for (const query of ["refresh=false&refresh=true", "refresh&refresh=true", "return_to=%2Fa&return_to="]) {
      const answer = await app.inject({ url: `/self-service/login/browser?${query}`, headers: json });
      expect([answer.statusCode, answer.json().error.details.field]).toEqual([400, query.split(/[&=]/, 1)[0]]);
    }
    expect(protocol.seen).toEqual([]);
  });

  test("gives path parameters decoded, over the query", async () => {
    const app = await open({
      "SchemaService.GetSchema": () => ({ $typeName: "ostiary.schema.v1.GetSchemaResponse", schema: { $id: "x" } }),
    });
    expect((await app.inject({ url: "/schemas/a%2Fb%20c?id=other", headers: json })).json()).toEqual({ $id: "x" });
    expect(protocol.seen[0]?.request).toMatchObject({ id: "a/b c" });
  });

  test("takes If-Match for an etag that was not sent in the body", async () => {
    const app = await open(update);
    const post = {
      method: "POST",
      url: "/self-service/settings?flow=f1",
      headers: { "if-match": 'W/"v1", "v2"' },
    } as const;
    await app.inject({ ...post, payload: {} });
    expect(sent().request.body?.etag).toBe("v1");
    await app.inject({ ...post, payload: { etag: "v9" } });
    expect(sent().request.body?.etag).toBe("v9");
    await app.inject({ ...post, headers: { "if-match": "*" }, payload: {} });
    expect(sent().request.body?.etag).toBeUndefined();
  });

  test("comes as a call that knows its URL, address and protocol", async () => {
    const app = await open(update);
    await app.inject({
      method: "POST",
      url: "/self-service/settings?flow=f1",
      payload: {},
      headers: { host: "id.example.com" },
      remoteAddress: "192.0.2.7",
    });
    expect(sent().call).toMatchObject({
      protocol: "rest",
      port: "public",
      url: "http://id.example.com/self-service/settings?flow=f1",
      remoteAddress: "192.0.2.7",
      requestId: expect.any(String),
    });
  });

  test("that only looks ahead never reaches a GET that writes", async () => {
    const app = await open({
      "SessionService.UpdateLogoutFlow": () => create(UpdateLogoutFlowResponseSchema, { redirectBrowserTo: ui }),
    });
    expect(await app.inject({ method: "HEAD", url: "/self-service/logout?token=x", headers: html })).toMatchObject({
      statusCode: 200,
      body: "",
    });
    expect(await app.inject({ method: "HEAD", url: "/self-service/settings?flow=x", headers: html })).toMatchObject({
      statusCode: 200,
      body: "",
    });
    for (const ahead of [{ "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }, { "x-moz": "prefetch" }]) {
      expect(
        (
          await app.inject({
            url: "/self-service/logout?token=x",
            headers: { ...html, ...ahead } as Record<string, string>,
          })
        ).statusCode,
      ).toBe(503);
    }
    expect(protocol.seen).toEqual([]);
    expect((await app.inject({ url: "/self-service/logout?token=x", headers: html })).statusCode).toBe(303);
  });
});
