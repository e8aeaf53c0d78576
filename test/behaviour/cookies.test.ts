import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { nativeProtocols } from "../protocols/protocols.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

/** The lines of a cookie, as an answer to signing up sets them. */
const signUp = async (): Promise<readonly string[]> => {
  const begun = await send(`${server.url}/self-service/registration/browser`, {
    headers: { accept: "application/json" },
  });
  const cookie = begun.setCookies.map((line) => line.split(";")[0]).join("; ");
  const { ui: form, id } = begun.json as {
    readonly id: string;
    readonly ui: { readonly nodes: { attributes: { name: string; value: unknown } }[] };
  };
  const token = form.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value;
  const done = await send(`${server.url}/self-service/registration?flow=${id}`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", cookie },
    body: JSON.stringify({
      method: "password",
      password: newPassword(),
      csrf_token: token,
      traits: { email: newEmail() },
    }),
  });
  expect(done.status).toBe(200);
  return [...begun.setCookies, ...done.setCookies];
};
const attributesOf = (lines: readonly string[], name: RegExp): string[] => {
  const line = lines.findLast((each) => name.test(each)) ?? "";
  return line.split("; ").slice(1).sort();
};
const session = /^ory_kratos_session=/;
const csrf = /^(?:__Host-)?csrf_token_/;

describe("cookies", () => {
  it("are Secure, HttpOnly and SameSite, unless this is development", async () => {
    const relaxed = await signUp();
    await server.restart({ dev: false });
    const strict = await signUp();
    await server.restart();
    for (const name of [session, csrf]) {
      expect(attributesOf(strict, name)).toEqual(
        expect.arrayContaining(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]),
      );
      expect(attributesOf(relaxed, name)).toEqual(expect.arrayContaining(["HttpOnly", "Path=/", "SameSite=Lax"]));
      expect(attributesOf(relaxed, name)).not.toContain("Secure");
    }
  });

  it("follow the configuration", async () => {
    await server.restart({
      cookies: { domain: "example.com", path: "/id", same_site: "Strict", secure: true },
      session: { cookie: { name: "our_session", persistent: false, same_site: "None" } },
    });
    const lines = await signUp();
    await server.restart();
    expect(attributesOf(lines, csrf)).toEqual(
      expect.arrayContaining(["Domain=example.com", "Path=/id", "SameSite=Strict", "Secure"]),
    );
    expect(attributesOf(lines, /^our_session=/)).toEqual([
      "Domain=example.com",
      "HttpOnly",
      "Path=/id",
      "SameSite=None",
      "Secure",
    ]);
  });

  it("of a session end with it, and the anti-CSRF cookie's name hangs on the public URL as it is written", async () => {
    const lines = await signUp();
    expect(attributesOf(lines, session)).toContain(`Max-Age=${24 * 3600}`);
    const name = `csrf_token_${createHash("sha256").update(`${server.url}/`).digest("hex")}`;
    expect(lines.some((line) => line.startsWith(`${name}=`))).toBe(true);
  });

  it("that nobody names are this host's alone where they may be: a sibling sub-domain sets none of them", async () => {
    const named = async (overrides: Parameters<typeof server.restart>[0]) => {
      await server.restart(overrides);
      const lines = await signUp();
      await server.restart();
      return lines.find((line) => csrf.test(line))?.startsWith("__Host-");
    };
    expect(await named({ dev: false })).toBe(true);
    expect(await named({ cookies: { secure: true, path: "/id" } })).toBe(false);
    expect(await named({ cookies: { secure: true, domain: "example.com" } })).toBe(false);
    expect(await named({})).toBe(false);
  });

  it("both arrive, though they are two headers of one name", async () => {
    const lines = await signUp();
    expect(lines.filter((line) => session.test(line))).toHaveLength(1);
    expect(lines.filter((line) => csrf.test(line)).length).toBeGreaterThan(1);
  });

  it("are renewed for another person and by signing out, not when the same person authenticates again", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const jar = visitor.credentials.jar;
    const value = () => jar?.get(jar.names.find((name) => csrf.test(`${name}=`)) ?? "");
    const first = value();
    accepted(await signIn(visitor, person, { refresh: "true" }));
    expect(value()).toBe(first);
    accepted(await visitor.signOut());
    const second = value();
    expect(second).not.toBe(first);
    accepted(await signIn(visitor, person));
    expect(value()).not.toBe(second);
  });

  it.each(nativeProtocols)("are none of a native app's business ($name)", async (protocol) => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    accepted(await visitor.settings.create());
    for (const path of ["/self-service/settings/api", "/self-service/login/api?refresh=true", "/sessions/whoami"]) {
      const answer = await send(`${server.url}${path}`, {
        headers: { accept: "application/json", "x-session-token": visitor.credentials.token },
      });
      expect([path, answer.status, answer.setCookies]).toEqual([path, 200, []]);
    }
  });
});

describe("other origins", () => {
  const cors = (origins: readonly string[]) => ({
    serve: { public: { cors: { enabled: true, allowed_origins: origins } } },
  });
  const ask = (origin: string, cookie?: string) =>
    send(`${server.url}/sessions/whoami`, { headers: { accept: "application/json", origin, cookie } });

  it("read nothing unless the configuration allows it", async () => {
    expect((await ask(ui.origin)).headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("that are named may read with cookies; nobody else is mirrored", async () => {
    await server.restart(cors([ui.origin, "https://*.example.com"]));
    for (const origin of [ui.origin, "https://app.example.com"]) {
      const { headers } = await ask(origin);
      expect([headers["access-control-allow-origin"], headers["access-control-allow-credentials"]]).toEqual([
        origin,
        "true",
      ]);
      expect(headers.vary).toContain("Origin");
    }
    for (const origin of [
      "https://evil.example.org",
      "https://example.com.evil.org",
      "http://app.example.com",
      "null",
      `${ui.origin}.evil.org`,
    ]) {
      expect((await ask(origin)).headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("are asked beforehand", async () => {
    await server.restart(cors([ui.origin]));
    const preflight = (origin: string) =>
      send(`${server.url}/self-service/settings`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type,x-session-token",
        },
      });
    const { headers, status } = await preflight(ui.origin);
    expect(status).toBeLessThan(300);
    expect(headers["access-control-allow-origin"]).toBe(ui.origin);
    expect(String(headers["access-control-allow-headers"]).toLowerCase()).toContain("x-session-token");
    expect((await preflight("https://evil.example.org")).headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("have no cookies where everyone is allowed", async () => {
    await server.restart(cors(["*"]));
    const { headers } = await ask("https://anyone.example.org");
    expect(headers["access-control-allow-credentials"]).toBeUndefined();
    await server.restart();
  });
});

describe("every answer", () => {
  it("is kept by no cache, and read as what it says it is", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    for (const path of [
      "/sessions/whoami",
      "/self-service/settings/api",
      "/self-service/login/browser",
      "/schemas",
      "/nowhere",
      "/self-service/settings/flows?id=nonsense",
    ]) {
      const { headers } = await send(`${server.url}${path}`, {
        headers: { "x-session-token": visitor.credentials.token },
      });
      expect([path, headers["cache-control"]]).toEqual([path, "private, no-cache, no-store, must-revalidate"]);
      expect([path, headers["x-content-type-options"]]).toEqual([path, "nosniff"]);
    }
  });
});

describe("several cookies of one name", () => {
  const whoami = async (cookie: string, headers = {}) =>
    (await send(`${server.url}/sessions/whoami`, { headers: { accept: "application/json", cookie, ...headers } }))
      .status;
  const cookieOf = (lines: readonly string[], name: RegExp) =>
    lines.findLast((line) => name.test(line))?.split(";")[0] ?? "";

  it("are searched for the session that is valid, wherever it stands", async () => {
    const mine = cookieOf(await signUp(), session);
    const name = mine.split("=")[0];
    for (const other of [`${name}=nonsense`, `${name}=`, `${name}=MTcwMHxEdi1CQkFFQ180SUFBUkFCRUFBQV9n`])
      for (const cookie of [`${other}; ${mine}`, `${mine}; ${other}`]) expect(await whoami(cookie)).toBe(200);
  });

  it("of two sessions that began here the later one counts", async () => {
    const old = await enterAsNewPerson(spa, server);
    const oldCookie = old.visitor.credentials.jar?.header ?? "";
    accepted(await old.visitor.signOut());
    server.clock.advance(1_000);
    const fresh = cookieOf(await signUp(), session);
    for (const cookie of [`${oldCookie}; ${fresh}`, `${fresh}; ${oldCookie}`]) expect(await whoami(cookie)).toBe(200);
  });

  it("are searched for the anti-CSRF secret that the form belongs to", async () => {
    const begun = await send(`${server.url}/self-service/registration/browser`, {
      headers: { accept: "application/json" },
    });
    const mine = cookieOf(begun.setCookies, csrf);
    const name = mine.split("=")[0];
    const another = `${name}=${Buffer.alloc(32, 7).toString("base64")}`;
    const { ui: form, id } = begun.json as {
      readonly id: string;
      readonly ui: { readonly nodes: { attributes: { name: string; value: unknown } }[] };
    };
    const token = form.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value;
    for (const cookie of [`${another}; ${mine}`, `${mine}; ${another}`, `${name}=x; ${mine}`]) {
      const headers = { accept: "application/json", "content-type": "application/json", cookie };
      expect((await send(`${server.url}/self-service/registration/flows?id=${id}`, { headers })).status).toBe(200);
      const body = JSON.stringify({
        method: "password",
        password: newPassword(),
        csrf_token: token,
        traits: { email: newEmail() },
      });
      expect(
        (await send(`${server.url}/self-service/registration?flow=${id}`, { method: "POST", headers, body })).status,
      ).toBe(200);
    }
  });
});

describe("somebody else's bearer token", () => {
  it.each(["undefined", "null", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA", "abc"])(
    "%s beside a session cookie is none of ours",
    async (token) => {
      const { visitor } = await enterAsNewPerson(spa, server);
      const headers = {
        accept: "application/json",
        cookie: visitor.credentials.jar?.header,
        authorization: `Bearer ${token}`,
      };
      expect((await send(`${server.url}/sessions/whoami`, { headers })).status).toBe(200);
      expect((await send(`${server.url}/sessions/whoami`, { headers: { ...headers, cookie: undefined } })).status).toBe(
        401,
      );
    },
  );

  it("that is the token of another session is refused", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const other = await enterAsNewPerson(nativeRest, server);
    const headers = {
      accept: "application/json",
      cookie: visitor.credentials.jar?.header,
      authorization: `Bearer ${other.visitor.credentials.token}`,
    };
    expect((await send(`${server.url}/sessions/whoami`, { headers })).status).toBe(401);
  });
});
