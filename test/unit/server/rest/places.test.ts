import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { WhoAmIResponseSchema } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { type Fake, html, json, openGateway, type Protocol } from "./gateway.ts";

let protocol: Protocol;
const open = async (fakes: Readonly<Record<string, Fake>>, options?: Parameters<typeof openGateway>[1]) => {
  protocol = await openGateway(fakes, options);
  return protocol.app;
};
afterEach(() => protocol.app.close());

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

  test("of the admin port is not found on the public one where nobody wrote its address", async () => {
    const app = await open({}, { otherBaseUrl: undefined });
    for (const url of ["/admin/identities", "/admin", "/admin/"])
      expect((await app.inject({ url })).statusCode).toBe(404);
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
    expect(await sent("/self-service/recovery/flows?id=x")).toBe(
      "http://127.0.0.1:4433/self-service/recovery/flows?id=x",
    );
    expect(await sent("/admin/nothing")).toBe(404);
    expect(await sent("//evil.example.com/")).toBe(404);
    expect(protocol.seen).toEqual([]);
  });
});
