import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { WhoAmIResponseSchema } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { type Fake, json, openGateway, type Protocol } from "./gateway.ts";

let protocol: Protocol;
const open = async (fakes: Readonly<Record<string, Fake>>, options?: Parameters<typeof openGateway>[1]) => {
  protocol = await openGateway(fakes, options);
  return protocol.app;
};
afterEach(() => protocol.app.close());

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
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": "Authorization, Content-Type, X-Session-Token",
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
        for (const name of ["access-control-allow-origin", "access-control-allow-credentials"])
          expect(answer.headers[name], origin).toBeUndefined();
    }
  });

  test("is told which methods and headers are allowed, whatever it asks for", async () => {
    const app = await open(fakes);
    const origin = "http://127.0.0.1:4455";
    for (const request of [preflight(origin, "TRACE"), preflight(origin, "POST", "x-evil")]) {
      const { headers } = await app.inject(request);
      expect(headers["access-control-allow-methods"]).not.toContain("TRACE");
      expect(headers["access-control-allow-headers"]).not.toContain("x-evil");
    }
  });

  test("that asks for OPTIONS itself is no preflight", async () => {
    const app = await open(fakes);
    const headers = { origin: "http://127.0.0.1:4455" };
    expect((await app.inject({ method: "OPTIONS", url: "/self-service/login/api", headers })).statusCode).toBe(405);
    expect((await app.inject({ method: "OPTIONS", url: "/nowhere", headers })).statusCode).toBe(404);
  });

  test("is nobody's business when CORS is off", async () => {
    const app = await open(fakes, { cors: false });
    const read = await app.inject({ url: "/sessions/whoami", headers: { ...json, origin: "http://127.0.0.1:4455" } });
    expect(read.headers.vary).toBe("Cookie");
    expect(read.headers["access-control-allow-origin"]).toBeUndefined();
    expect((await app.inject(preflight("http://127.0.0.1:4455"))).statusCode).toBe(405);
  });
});
