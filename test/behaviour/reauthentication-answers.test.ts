import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { hours } from "../protocols/clock.ts";
import { grpc } from "../protocols/connect.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Headers, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { passwordHashOf } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* What a client is told when a change waits, and how it comes back. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const withOldSession = async (
  protocol: Protocol,
): Promise<{ readonly visitor: Visitor; readonly person: Person; readonly flow: string }> => {
  const { visitor, person } = await enterAsNewPerson(protocol, server);
  server.clock.advance(hours(1));
  return { visitor, person, flow: accepted(await visitor.settings.create()).id };
};

const submitUrl = (flow: string): string => `${server.url}/self-service/settings?flow=${flow}`;
const browserLogin = (flow: string): string =>
  `${server.url}/self-service/login/browser?refresh=true&return_to=${encodeURIComponent(submitUrl(flow))}`;

describe("what waits is announced", () => {
  it("to native apps by the documented body, by WWW-Authenticate, and by where to go", async () => {
    const { visitor, flow } = await withOldSession(nativeRest);
    const answer = await send(submitUrl(flow), {
      method: "POST",
      headers: { "content-type": "application/json", "x-session-token": visitor.credentials.token },
      body: JSON.stringify({ method: "password", password: newPassword() }),
    });
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({
      error: {
        id: "session_refresh_required",
        code: 403,
        status: "Forbidden",
        reason: expect.any(String),
        details: {
          reauthenticate: {
            native_login_url: `${server.url}/self-service/login/api?refresh=true`,
            methods: ["password"],
            max_age: 900,
          },
        },
        message: expect.any(String),
      },
      redirect_browser_to: browserLogin(flow),
    });
    expect(answer.headers["www-authenticate"]).toMatch(
      /^Bearer error="insufficient_user_authentication", .*max_age="900"$/,
    );
  });

  it.each(protocols.filter((protocol) => !protocol.isForm))(
    "through $name with the same particulars",
    async (protocol) => {
      const { visitor, flow } = await withOldSession(protocol);
      const refusal = refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
      expect(refusal.reauthenticate).toEqual({
        maxAge: 900,
        methods: ["password"],
        nativeLoginUrl: `${server.url}/self-service/login/api?refresh=true`,
        redirectBrowserTo: browserLogin(flow),
      });
    },
  );
});

describe("a browser without script", () => {
  it("is led to the login form and from there back to what it wanted", async () => {
    const { visitor, person, flow } = await withOldSession(spa);
    const { jar } = visitor.credentials;
    const go = async (url: string, form?: Readonly<Record<string, string>>) => {
      const body = form && new URLSearchParams(form).toString();
      const headers: Headers = {
        accept: acceptHtml,
        cookie: jar?.header,
        ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded", origin: ui.origin }),
      };
      const answer = await send(url, { method: body === undefined ? "GET" : "POST", headers, body });
      jar?.take(answer.setCookies);
      expect(answer.status).toBe(303);
      return answer.headers.location ?? "";
    };
    const password = newPassword();
    const settings = accepted(await visitor.settings.get(flow));
    const toLogin = await go(submitUrl(flow), {
      csrf_token: String(shownIn(settings, "csrf_token")),
      method: "password",
      password,
    });
    expect(toLogin).toBe(browserLogin(flow));

    const toForm = await go(toLogin);
    expect(toForm.startsWith(`${ui.login}?flow=`)).toBe(true);
    const login = accepted(await visitor.login.get(new URL(toForm).searchParams.get("flow") ?? ""));
    expect(login).toMatchObject({ returnTo: submitUrl(flow), texts: [{ node: "", id: 1010003 }] });
    // Who is asked is known: the form brings it along.
    expect(shownIn(login, "identifier")).toBe(person.email);

    const fields = {
      csrf_token: String(shownIn(login, "csrf_token")),
      method: "password",
      identifier: person.email,
      password: person.password,
    };
    const back = await go(login.action, fields);
    expect(back).toBe(submitUrl(flow));
    expect(await go(back)).toBe(`${ui.settings}?flow=${flow}`);
    expect(accepted(await visitor.settings.get(flow)).state).toBe("success");
    expect((await signIn(nativeRest.enter(server), { email: person.email, password })).ok).toBe(true);
  });

  it("goes on to the flow's return_to once the change is made", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create({ return_to: `${ui.origin}/done` })).id;
    refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
    accepted(await signIn(visitor, person, { refresh: "true", return_to: submitUrl(flow) }));
    const answer = await send(submitUrl(flow), {
      headers: { accept: acceptHtml, cookie: visitor.credentials.jar?.header },
    });
    expect([answer.status, answer.headers.location]).toEqual([303, `${ui.origin}/done`]);
  });
});

describe("looking ahead", () => {
  it.each([
    ["HEAD", "HEAD", {}],
    ["prefetching (Sec-Purpose)", "GET", { "sec-purpose": "prefetch;prerender" }],
    ["prefetching (Purpose)", "GET", { purpose: "prefetch" }],
    ["prefetching (X-Moz)", "GET", { "x-moz": "prefetch" }],
  ])("%s does not resume", async (_, method, headers) => {
    const { visitor, person, flow } = await withOldSession(spa);
    refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const before = await passwordHashOf(server, person.id);
    await send(submitUrl(flow), {
      method,
      headers: { accept: acceptHtml, cookie: visitor.credentials.jar?.header, ...headers },
    });
    expect(await passwordHashOf(server, person.id)).toBe(before);
    expect(accepted(await visitor.resume(flow)).flow?.state).toBe("success");
  });
});

describe("the same change, begun and finished through different protocols", () => {
  it("is sent by gRPC and resumed by REST", async () => {
    const { visitor, person, flow } = await withOldSession(grpc);
    const password = newPassword();
    refused(await visitor.settings.update(flow, { method: "password", password }));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const rest = nativeRest.enter(server);
    rest.credentials.token = visitor.credentials.token;
    expect(accepted(await rest.resume(flow)).flow?.state).toBe("success");
    expect((await signIn(nativeRest.enter(server), { email: person.email, password })).ok).toBe(true);
  });
});
