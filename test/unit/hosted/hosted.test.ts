import fastify from "fastify";
import { describe, expect, it } from "vitest";
import type { FetchApi } from "../../../src/hosted/api.ts";
import { createHosted } from "../../../src/hosted/hosted.ts";
import { createInjectClient } from "../../../src/hosted/inject-client.ts";

/*
 * What the pages do when the API says what the server cannot be made to say
 * yet. The rest is tested against a real server, in test/browser.
 */

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): FetchApi =>
  async () =>
    Response.json(body, { status, headers });

const pages = async (fetchApi: FetchApi) => {
  const logged: string[] = [];
  const app = fastify();
  await app.register(
    createHosted({
      publicBaseUrl: "https://id.example.com/auth/",
      fetchApi,
      secureCookies: true,
      registrationEnabled: true,
      log: { error: (_, message) => logged.push(message) },
    }),
  );
  return { logged, get: (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers }) };
};

describe("the pages", () => {
  it("go where a second factor is given", async () => {
    const place = "https://id.example.com/auth/self-service/login/browser?aal=aal2";
    const { get } = await pages(
      json(403, { error: { id: "session_aal2_required", code: 403 }, redirect_browser_to: place }),
    );
    const answer = await get("/hosted/settings?flow=1");
    expect([answer.statusCode, answer.headers.location]).toEqual([303, place]);
    expect((await get("/hosted/")).body).toContain(`href="${place}"`);
  });

  it("go nowhere that is no address", async () => {
    const { get } = await pages(
      json(403, { error: { id: "session_aal2_required", code: 403 }, redirect_browser_to: "javascript:alert(1)" }),
    );
    expect((await get("/hosted/settings?flow=1")).headers.location).toBe(
      "https://id.example.com/auth/self-service/settings/browser",
    );
  });

  it("say when to come back", async () => {
    const { get } = await pages(
      json(503, { error: { code: 503, message: "Too much work at once." } }, { "retry-after": "3" }),
    );
    const answer = await get("/hosted/login?flow=1");
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "3"]);
    expect(answer.body).toContain("Too much work at once.");
  });

  it("say so in words, and in the log, when the API does not answer", async () => {
    const { get, logged } = await pages(async () => {
      throw new Error("connection refused");
    });
    const answer = await get("/hosted/login?flow=1");
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
    expect(answer.body).toContain("Please try again");
    expect(answer.body).not.toContain("connection refused");
    expect(logged).toEqual(["a page could not be made"]);
  });

  it("count rounds in a cookie that no other site can set or read", async () => {
    const { get } = await pages(json(403, { error: { id: "security_csrf_violation", code: 403 } }));
    const answer = await get("/hosted/login?flow=1");
    expect(answer.headers["set-cookie"]).toEqual([
      "__Host-hosted_rounds=1; Path=/; Max-Age=30; HttpOnly; SameSite=Lax; Secure",
    ]);
  });

  it("pass on who asks, and hand every cookie of the API back", async () => {
    const seen: unknown[] = [];
    const { get } = await pages(async (path, { headers }) => {
      seen.push(path, headers);
      const answer = Response.json({ id: "1", ui: { action: "/x", method: "POST", nodes: null } });
      answer.headers.append("set-cookie", "a=1; Path=/");
      answer.headers.append("set-cookie", "b=2; Path=/");
      return answer;
    });
    const answer = await get("/hosted/login?flow=a%2Fb%26c", {
      cookie: "s=1",
      authorization: "Bearer x",
      "x-session-token": "y",
      "x-request-id": "r1",
    });
    expect(seen).toEqual([
      "/self-service/login/flows?id=a%2Fb%26c",
      { accept: "application/json", cookie: "s=1", host: "localhost:80", "x-request-id": "r1" },
    ]);
    expect(answer.headers["set-cookie"]).toEqual(["a=1; Path=/", "b=2; Path=/"]);
  });
});

describe("the client of the same process", () => {
  it("carries headers both ways and keeps cookies apart", async () => {
    const app = fastify();
    app.get("/whoami", async (request, reply) =>
      reply.code(401).header("set-cookie", ["a=1", "b=2"]).send({ cookie: request.headers.cookie, ip: request.ip }),
    );
    const answer = await createInjectClient(app)("/whoami", { headers: { cookie: "s=1" }, remoteAddress: "192.0.2.7" });
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await answer.json()).toEqual({ cookie: "s=1", ip: "192.0.2.7" });
  });
});
