import { once } from "node:events";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import type { FetchApi } from "../../../src/hosted/api.ts";
import { createHosted } from "../../../src/hosted/hosted.ts";
import { createInjectClient } from "../../../src/hosted/inject-client.ts";
import type { LookOptions } from "../../../src/hosted/look.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createHttpApp } from "../../../src/server/http-app.ts";

/*
 * What the pages do when the API says what the server cannot be made to say
 * yet. The rest is tested against a real server, in test/browser.
 */

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): FetchApi =>
  async () =>
    Response.json(body, { status, headers });

const plainLook: LookOptions = {
  name: "Acme",
  theme: "auto",
  links: { help: undefined, privacy: undefined, terms: undefined },
  logo: undefined,
  icon: undefined,
  css: undefined,
};

const pages = async (fetchApi: FetchApi, app: FastifyInstance = fastify()) => {
  const logged: string[] = [];
  createHosted({
    publicBaseUrl: "https://id.example.com/auth/",
    fetchApi,
    secureCookies: true,
    facts: {
      registrationEnabled: true,
      recoveryEnabled: true,
      verificationEnabled: true,
      passwordRules: { minLength: 8, unlikeIdentifier: true },
      passwordEndsOthers: false,
      trustsDevices: false,
      mergesAccounts: false,
    },
    look: plainLook,
    log: { error: (_, message) => logged.push(message) },
  }).mount(app);
  return {
    logged,
    get: (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers }),
    post: (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
      app.inject({
        method: "POST",
        url,
        payload: new URLSearchParams(form).toString(),
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      }),
  };
};

describe("the pages", () => {
  it("tell the API for which host they were asked, over HTTP/2 as well", async () => {
    const asked: (string | undefined)[] = [];
    const log = createLog({ level: "error", format: "json" }, { write: () => undefined });
    const app = createHttpApp({ port: "public", log });
    const remember: FetchApi = async (_, { headers }) => {
      asked.push(headers.host);
      return Response.json({ error: { code: 401 } }, { status: 401 });
    };
    await pages(remember, app);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    try {
      const request = session.request({ ":path": "/hosted/", ":authority": "id.example.com" });
      await once(request.resume(), "end");
    } finally {
      session.destroy();
      await app.close();
    }
    await (await pages(remember)).get("/hosted/", { host: "login.example.com" });
    expect(new Set(asked)).toEqual(new Set(["id.example.com", "login.example.com"]));
  });

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
    expect(answer.body).toContain("There is a lot to do right now.");
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

describe("the pages' own forms", () => {
  const own = { origin: "https://id.example.com", "sec-fetch-site": "same-origin" };
  const ending = async (answer: Response) => {
    const seen: unknown[] = [];
    const { post } = await pages(async (path, { method, headers }) => {
      seen.push([method, path, headers.origin, headers["sec-fetch-site"], headers.cookie]);
      return answer.clone();
    });
    return { seen, post };
  };

  it("end one session, or all others, and lead back to where they were sent from", async () => {
    const { seen, post } = await ending(new Response(null, { status: 204 }));
    const one = await post(
      "/hosted/end-session",
      { session: "a/b", back: "settings?flow=1" },
      { ...own, cookie: "s=1" },
    );
    expect([one.statusCode, one.headers.location]).toEqual([303, "settings?flow=1&ended=one#devices"]);
    const trust = await post("/hosted/end-session", { trusted: "c/d", back: "settings" }, own);
    expect([trust.statusCode, trust.headers.location]).toEqual([303, "settings?ended=trusted#devices"]);
    expect(seen.splice(1)).toEqual([
      ["DELETE", "/sessions/trusted-devices/c%2Fd", own.origin, own["sec-fetch-site"], undefined],
    ]);
    const all = await post("/hosted/end-session", { back: "" }, own);
    expect([all.statusCode, all.headers.location]).toEqual([303, "./?ended=all#devices"]);
    expect(seen).toEqual([
      ["DELETE", "/sessions/a%2Fb", own.origin, "same-origin", "s=1"],
      ["DELETE", "/sessions", own.origin, "same-origin", undefined],
    ]);
  });

  it.each([
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a sibling", { origin: "https://app.example.com", "sec-fetch-site": "same-site" }],
    ["an old browser on another site", { origin: "https://evil.example" }],
    ["nobody who says so", {}],
  ])("take nothing from %s", async (_, headers: Record<string, string>) => {
    const { seen, post } = await ending(new Response(null, { status: 204 }));
    expect((await post("/hosted/end-session", { session: "a" }, headers)).statusCode).toBe(403);
    const language = await post("/hosted/language", { language: "de" }, headers);
    expect([language.statusCode, language.headers["set-cookie"]]).toEqual([403, undefined]);
    expect(seen).toEqual([]);
  });

  it("ask to sign in when there is no session any more, and say what else goes wrong", async () => {
    const gone = await ending(Response.json({ error: { id: "session_inactive", code: 401 } }, { status: 401 }));
    expect((await gone.post("/hosted/end-session", { session: "a" }, own)).headers.location).toBe(
      "https://id.example.com/auth/self-service/login/browser",
    );
    const broken = await ending(Response.json({ error: { code: 500 } }, { status: 500 }));
    expect((await broken.post("/hosted/end-session", { session: "a" }, own)).body).toContain("Something went wrong");
  });

  it("keep the language in a cookie, and lead nowhere but to a page", async () => {
    const { post, get } = await pages(json(401, { error: { code: 401 } }));
    const chosen = await post("/hosted/language", { language: "ar", back: "login?flow=1" }, own);
    expect([chosen.statusCode, chosen.headers.location]).toEqual([303, "login?flow=1"]);
    expect(chosen.headers["set-cookie"]).toEqual([
      "hosted_language=ar; Path=/auth/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure",
    ]);
    for (const back of [
      "https://evil.example",
      "//evil.example",
      "/x",
      "javascript:alert(1)",
      "..",
      "a/b",
      "a\\b",
      "login#x",
    ])
      expect((await post("/hosted/language", { language: "de", back }, own)).headers.location).toBe("./");
    expect((await post("/hosted/language", { language: "tlh" }, own)).headers["set-cookie"]).toBeUndefined();
    const page = await get("/hosted/", { cookie: "hosted_language=ar", "accept-language": "de" });
    expect(page.body).toContain(`<html lang="ar" dir="rtl">`);
    expect((await get("/hosted/", { "accept-language": "ja;q=0.5, fr-CA;q=0.9" })).body).toContain(`<html lang="fr"`);
  });
});

describe("whoever looks for a page", () => {
  it("finds the start from the root, and a page where there is nothing, with addresses that hold there", async () => {
    const { get } = await pages(json(401, { error: { code: 401 } }));
    const html = { accept: "text/html,*/*" };
    expect((await get("/", html)).headers.location).toBe("hosted/");
    const { statusCode, body } = await get("/hosted/no/such/page", html);
    expect([statusCode, body]).toEqual([404, expect.stringContaining("There is no such page")]);
    expect(body).toContain(`href="/auth/hosted/style.css?`);
    expect(body).toContain(`action="/auth/hosted/language"`);
    expect((await get("/", { accept: "application/json" })).statusCode).toBe(404);
  });
});

describe("the client of the same process", () => {
  it("carries headers both ways and keeps cookies apart", async () => {
    const app = fastify();
    app.get("/whoami", async (request, reply) =>
      reply.code(401).header("set-cookie", ["a=1", "b=2"]).send({ cookie: request.headers.cookie, ip: request.ip }),
    );
    const answer = await createInjectClient(app)("/whoami", {
      method: "GET",
      headers: { cookie: "s=1" },
      remoteAddress: "192.0.2.7",
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await answer.json()).toEqual({ cookie: "s=1", ip: "192.0.2.7" });
  });
});
