import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { minutes } from "../protocols/clock.ts";
import { type CallbackResult, type Sending, send } from "../protocols/http.ts";
import { createJar, type Jar } from "../protocols/jar.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";
import { startHostedServer } from "./hosted-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startHostedServer();
});
afterAll(() => server?.stop());

/** Sends what a browser with this jar sends; `at` may be relative to the pages. */
const visit = async (
  at: string,
  jar: Jar = createJar(),
  { headers, ...rest }: Sending = {},
): Promise<CallbackResult> => {
  const received = await send(new URL(at, `${server.url}/hosted/`).href, {
    ...rest,
    headers: { accept: acceptHtml, cookie: jar.header, ...headers },
  });
  jar.take(received.setCookies);
  return received;
};
const begin = async (kind: string, jar: Jar): Promise<string> =>
  (await visit(`/self-service/${kind}/browser`, jar)).headers.location ?? "";
const init = (kind: string, query: Record<string, string> = {}) => {
  const text = new URLSearchParams(query).toString();
  return `${server.url}/self-service/${kind}/browser${text && `?${text}`}`;
};
const field = (page: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? "";
const action = (page: string): string => /<form action="([^"]+)"/.exec(page)?.[1] ?? "";
const post = (page: string, jar: Jar, fields: Record<string, string>) =>
  visit(action(page), jar, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      origin: server.url,
      "sec-fetch-site": "same-origin",
    },
    body: new URLSearchParams({ csrf_token: field(page, "csrf_token"), ...fields }).toString(),
  });

const signUp = async (jar: Jar) => {
  const page = await visit(await begin("registration", jar), jar);
  return post(page.text, jar, { "traits.email": newEmail(), password: newPassword(), method: "password" });
};

describe("a page without a flow", () => {
  it("begins one, and hands on what it was asked with", async () => {
    const received = await visit(
      "login?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fx&refresh=true&aal=&flow=&nonsense=1",
    );
    expect(received.status).toBe(303);
    expect(received.headers.location).toBe(init("login", { refresh: "true", return_to: "http://127.0.0.1:4455/x" }));
    expect((await visit("registration?identity_schema=person")).headers.location).toBe(
      init("registration", { identity_schema: "person" }),
    );
    expect((await visit("settings")).headers.location).toBe(init("settings"));
  });
});

describe("a flow that the API does not show", () => {
  it("is replaced when it is unknown", async () => {
    for (const kind of ["login", "registration"]) {
      const received = await visit(`${kind}?flow=00000000-0000-4000-8000-000000000000`);
      expect([received.status, received.headers.location]).toEqual([303, init(kind)]);
    }
  });

  it("is replaced when it has expired, and still leads where it led", async () => {
    const jar = createJar();
    const returnTo = "http://127.0.0.1:4455/welcome";
    const { headers } = await visit(init("login", { return_to: returnTo }), jar);
    server.clock.advance(minutes(180));
    expect((await visit(headers.location ?? "", jar)).headers.location).toBe(init("login", { return_to: returnTo }));
  });

  it("leads to signing in and back when it needs a session", async () => {
    const received = await visit(
      "settings?flow=00000000-0000-4000-8000-000000000000&return_to=http%3A%2F%2F127.0.0.1%3A4455%2F",
    );
    expect(received.headers.location).toBe(
      init("login", { return_to: init("settings", { return_to: "http://127.0.0.1:4455/" }) }),
    );
  });

  it("is replaced when it belongs to someone else", async () => {
    const [ann, ben] = [createJar(), createJar()];
    await signUp(ann);
    await signUp(ben);
    expect((await visit(await begin("settings", ann), ben)).headers.location).toBe(init("settings"));
  });

  it("is replaced by way of a check when it is another browser's", async () => {
    const flow = await begin("login", createJar());
    const jar = createJar();
    const first = await visit(flow, jar);
    expect([first.status, first.headers.location]).toEqual([303, "login?round=1"]);
    expect((await visit("login?round=1", jar)).headers.location).toBe(init("login"));
    expect((await visit(await begin("login", jar), jar)).status).toBe(200);
  });

  it("is explained after one round to a browser that refuses cookies", async () => {
    const first = await visit(await begin("login", createJar()));
    const second = await visit(first.headers.location ?? "");
    expect(second.status).toBe(400);
    expect(second.text).toContain("Cookies are needed here");
    expect(second.text).toContain(`href="login"`);
  });

  it("is given up on when a browser's cookies never fit", async () => {
    const flow = await begin("registration", createJar());
    const jar = createJar();
    const ends: number[] = [];
    for (let round = 0; round < 6; round++)
      ends.push((await visit((await visit(flow, jar)).headers.location ?? "", jar)).status);
    expect(ends).toEqual([303, 303, 303, 400, 400, 400]);
  });
});

describe("a page's form", () => {
  it("works with the one anti-CSRF cookie the page hands out, though the page asks the API three times", async () => {
    const jar = createJar();
    await signUp(jar);
    const flow = await begin("settings", jar);
    for (const name of jar.names) if (name.startsWith("csrf_token")) jar.delete(name);
    const page = await visit(flow, jar);
    expect(page.setCookies.filter((line) => line.startsWith("csrf_token"))).toHaveLength(1);
    const saved = await post(page.text, jar, {
      "traits.email": newEmail(),
      "traits.name.first": "Ann",
      method: "profile",
    });
    expect([saved.status, saved.headers.location]).toEqual([303, expect.stringContaining("/hosted/settings?flow=")]);
    expect((await visit(saved.headers.location ?? "", jar)).text).toContain("Your profile has been saved.");
  });

  it("shows what was entered as text, whatever it is", async () => {
    const jar = createJar();
    const page = await visit(await begin("registration", jar), jar);
    const evil = `"><script>alert(1)</script>`;
    const refused = await post(page.text, jar, { "traits.email": evil, password: newPassword(), method: "password" });
    const { text } = await visit(refused.headers.location ?? "", jar);
    expect(text).toContain("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text.match(/<script[^>]*>/g)).toEqual([expect.stringContaining("pages.js")]);
  });

  it("that asks to sign in again has a text for a change of each section, of which the address shows one", async () => {
    const jar = createJar();
    await signUp(jar);
    server.clock.advance(minutes(20));
    const settings = await visit(await begin("settings", jar), jar);
    const change = { method: "password", password: newPassword() };
    const { headers } = await post(settings.text, jar, change);
    const { text } = await visit((await visit(headers.location ?? "", jar)).headers.location ?? "", jar);
    const shown = [...text.matchAll(/<span id="after-(\w+)">You are about to /g)].map(([, section]) => section);
    expect(shown.sort()).toEqual(["lookup_secret", "oidc", "passkey", "password", "profile", "totp", "webauthn"]);
  });

  it("leads to the error page when its token does not fit", async () => {
    const jar = createJar();
    const page = await visit(await begin("login", jar), jar);
    const sent = await post(page.text, jar, {
      csrf_token: "wrong",
      identifier: "x",
      password: "y",
      method: "password",
    });
    expect(sent.headers.location).toMatch(/\/hosted\/error\?id=[\w-]+$/);
    const shown = await visit(sent.headers.location ?? "", jar);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain("The anti-CSRF check failed.");
    expect(shown.text).toContain("security_csrf_violation");
    expect(shown.text).toContain("Please retry the flow");
  });
});

describe("the pages", () => {
  it("explain an error that nobody remembers, and one without an id", async () => {
    const unknown = await visit("error?id=00000000-0000-4000-8000-000000000000");
    expect([unknown.status, unknown.text]).toEqual([404, expect.stringContaining("too long ago")]);
    expect((await visit("error")).status).toBe(200);
    expect((await visit("error?id=stub:500")).text).toContain("This is a stub error.");
  });

  it("are HTML also where there is none", async () => {
    const received = await visit("nothing/here");
    expect([received.status, received.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
  });

  it("are sent with headers that keep others out, on every answer", async () => {
    const jar = createJar();
    for (const at of ["./", "login", await begin("login", jar), "error?id=stub:500", "nothing"]) {
      const { headers } = await visit(at, jar);
      expect(headers).toMatchObject({
        "cache-control": "private, no-cache, no-store, must-revalidate",
        "content-security-policy":
          "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; " +
          `script-src ${server.url}/hosted/pages.js`,
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      });
      expect(headers).not.toHaveProperty("strict-transport-security");
    }
  });

  it("share a stylesheet that is sent once", async () => {
    const { headers, status } = await visit("style.css");
    expect([status, headers["content-type"]]).toEqual([200, "text/css; charset=utf-8"]);
    const again = await visit("style.css", createJar(), { headers: { "if-none-match": headers.etag } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("do not offer to sign up where people may not", async () => {
    await server.restart({
      selfservice: { flows: { login: { ui_url: "/hosted/login" }, registration: { enabled: false } } },
    });
    const jar = createJar();
    expect((await visit(await begin("login", jar), jar)).text).not.toContain("registration");
    expect((await visit("./", jar)).text).not.toContain("registration");
  });

  it("ask for TLS from then on where the server has it", async () => {
    await server.restart({ serve: { public: { base_url: "https://id.example.com/" } } });
    const { headers } = await visit("login");
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(headers.location).toBe("https://id.example.com/self-service/login/browser");
  });
});
