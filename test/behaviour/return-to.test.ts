import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserForm } from "../protocols/browser-form.ts";
import { send } from "../protocols/http.ts";
import { spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type FlowKind, refused } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import { everythingWritten } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const kinds: readonly FlowKind[] = ["settings", "login", "registration"];

/** Places that are allowed nowhere, each in a way that has fooled someone. */
const forbidden = [
  "https://evil.example.org/",
  "//evil.example.org",
  "///evil.example.org",
  "/\\evil.example.org",
  "\\\\evil.example.org",
  "https:evil.example.org",
  "http://127.0.0.1:4455@evil.example.org/",
  "http://127.0.0.1:4455.evil.example.org/",
  "http://127.0.0.1:44550/",
  "https://127.0.0.1:4455/",
  "http://127.0.0.1/",
  "http://localhost:4455/",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,hello",
  "http://evil.example.org\\@127.0.0.1:4455/",
  "http://evil.example.org#@127.0.0.1:4455/",
  "http://evil.example.org?@127.0.0.1:4455/",
  "\thttps://evil.example.org/",
  "ht\ntps://evil.example.org/",
  "https://apps.example.com/start",
  "https://one.apps.example.com/other",
  "http://one.apps.example.com/start",
  "https://evilapps.example.com/start",
  "ftp://127.0.0.1:4455/",
  "https://%65vil.example.org/",
  "https://evil。example.org/",
];

describe.each(protocols)("through $name", (protocol) => {
  const someoneFor = async (kind: FlowKind) =>
    kind === "settings" ? (await enterAsNewPerson(protocol, server)).visitor : protocol.enter(server);

  it.each(kinds)("a %s flow leads nowhere but where the configuration allows", async (kind) => {
    const visitor = await someoneFor(kind);
    const before = (await server.sql("SELECT id FROM flows")).length;
    for (const place of forbidden)
      expect([place, refused(await visitor[kind].create({ return_to: place })).reason]).toEqual([
        place,
        "RETURN_TO_FORBIDDEN",
      ]);
    expect((await server.sql("SELECT id FROM flows")).length).toBe(before);
  });

  it.each(kinds)("a %s flow remembers a place that is allowed", async (kind) => {
    const visitor = await someoneFor(kind);
    for (const place of [
      `${ui.origin}/`,
      `${ui.origin}/deep?a=b#c`,
      "https://one.apps.example.com/start/here",
      `${server.url}/self-service/settings/browser`,
    ]) {
      const flow = accepted(await visitor[kind].create({ return_to: place }));
      expect(flow.returnTo).toBe(place);
      expect(accepted(await visitor[kind].get(flow.id)).returnTo).toBe(place);
    }
  });

  it("an empty place is none", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    expect(accepted(await visitor.settings.create({ return_to: "" })).returnTo).toBeUndefined();
  });
});

describe("where a browser goes", () => {
  const place = `${ui.origin}/after?x=1`;

  it("when a change is saved: to return_to, each time", async () => {
    const { visitor, person } = await enterAsNewPerson(browserForm, server);
    const flow = accepted(await visitor.settings.create({ return_to: place })).id;
    for (const first of ["Ada", "Grace"])
      expect(
        await visitor.settings.update(flow, { method: "profile", traits: { email: person.email, name: { first } } }),
      ).toMatchObject({
        ok: true,
        location: place,
      });
  });

  it("when a change is saved and nothing else is said: to the form", async () => {
    const { visitor, person } = await enterAsNewPerson(browserForm, server);
    const flow = accepted(await visitor.settings.create()).id;
    expect(await visitor.settings.update(flow, { method: "profile", traits: { email: person.email } })).toMatchObject({
      ok: true,
      location: `${ui.settings}?flow=${flow}`,
    });
  });

  it("when signed in or up: to return_to, or to the configured page", async () => {
    for (const [query, goal] of [
      [{ return_to: place }, place],
      [{}, ui.welcome],
    ] as const) {
      const person = { email: newEmail(), password: newPassword() };
      const visitor = browserForm.enter(server);
      const flow = accepted(await visitor.registration.create(query)).id;
      expect(
        await visitor.registration.update(flow, {
          method: "password",
          password: person.password,
          traits: { email: person.email },
        }),
      ).toMatchObject({
        ok: true,
        location: goal,
      });
      expect(await signIn(browserForm.enter(server), person, query)).toMatchObject({ ok: true, location: goal });
    }
  });

  it("who is signed in already: there as well", async () => {
    const { visitor } = await enterAsNewPerson(browserForm, server);
    expect(await visitor.login.create({ return_to: place })).toMatchObject({
      reason: "SESSION_ALREADY_AVAILABLE",
      location: place,
    });
    expect(await visitor.registration.create()).toMatchObject({
      reason: "SESSION_ALREADY_AVAILABLE",
      location: ui.welcome,
    });
  });

  it.each(browserProtocols.filter((protocol) => !protocol.isForm))(
    "a script is told by $name, last of what to do next",
    async (protocol) => {
      const { visitor, person } = await enterAsNewPerson(protocol, server);
      const flow = accepted(await visitor.settings.create({ return_to: place })).id;
      const done = accepted(
        await visitor.settings.update(flow, { method: "profile", traits: { email: person.email } }),
      );
      expect(done.flow?.continueWith.at(-1)).toBe("redirect_browser_to");
      expect(accepted(await visitor.settings.get(flow)).continueWith).toEqual([]);
    },
  );

  it("what was allowed when the flow began and is not any more is found out before anything is written", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const flow = accepted(await visitor.settings.create({ return_to: "https://one.apps.example.com/start" })).id;
    await server.restart({ selfservice: { allowed_return_urls: [ui.origin] } });
    const before = await everythingWritten(server);
    expect(
      refused(
        await visitor.settings.update(flow, {
          method: "profile",
          traits: { email: person.email, name: { first: "Ada" } },
        }),
      ).reason,
    ).toBe("RETURN_TO_FORBIDDEN");
    expect(await everythingWritten(server)).toEqual(before);
    await server.restart();
  });

  it("an address that is not allowed any more since the flow began is refused before anything is written", async () => {
    const { person } = await enterAsNewPerson(spa, server);
    const query = { return_to: "https://one.apps.example.com/start" };
    const [known, fresh] = [spa.enter(server), spa.enter(server)];
    const login = accepted(await known.login.create(query)).id;
    const registration = accepted(await fresh.registration.create(query)).id;
    await server.restart({ selfservice: { allowed_return_urls: [ui.origin] } });
    const before = await everythingWritten(server);
    const signedIn = await known.login.update(login, {
      method: "password",
      identifier: person.email,
      password: person.password,
    });
    expect(refused(signedIn).reason).toBe("RETURN_TO_FORBIDDEN");
    const signedUp = await fresh.registration.update(registration, {
      method: "password",
      password: newPassword(),
      traits: { email: newEmail() },
    });
    expect(refused(signedUp).reason).toBe("RETURN_TO_FORBIDDEN");
    expect(await everythingWritten(server)).toEqual(before);
    await server.restart();
  });
});

describe("a parameter that is repeated", () => {
  const json = { accept: "application/json" };
  const bad = encodeURIComponent("javascript:alert(1)//");
  const good = encodeURIComponent(`${ui.origin}/`);
  const parameters = {
    "/self-service/login/browser": ["return_to", "aal", "refresh"],
    "/self-service/login/api": ["return_to", "return_session_token_exchange_code"],
    "/self-service/registration/browser": ["return_to", "identity_schema", "after_verification_return_to"],
    "/self-service/registration/api": ["return_session_token_exchange_code"],
    "/self-service/settings/browser": ["return_to"],
    "/self-service/settings/api": ["return_to", "return_session_token_exchange_code"],
    "/self-service/login/flows": ["id"],
    "/self-service/logout/browser": ["return_to"],
    "/self-service/logout": ["token", "return_to"],
    "/self-service/errors": ["id"],
    "/sessions": ["page_size", "page_token"],
    "/sessions/token-exchange": ["init_code", "return_to_code"],
  };

  it.each(Object.entries(parameters))("of GET %s is refused by its name, whatever its values", async (path, names) => {
    const before = await everythingWritten(server);
    for (const name of names)
      for (const query of [
        `${name}=1&${name}=`,
        `${name}=&${name}=1`,
        `${name}=1&${name}=1`,
        `${name}=1&x=2&${name.replace("_", "%5F")}=3`,
      ]) {
        const answer = await send(`${server.url}${path}?${query}`, { headers: json });
        expect([query, answer.status, answer.json.error]).toMatchObject([query, 400, { details: { field: name } }]);
      }
    expect(await everythingWritten(server)).toEqual(before);
  });

  it.each(["settings", "login", "registration"])(
    "is refused in the address that a %s form is sent to",
    async (kind) => {
      const body = JSON.stringify({ method: "password" });
      const answer = await send(`${server.url}/self-service/${kind}?flow=1&flow=2`, {
        method: "POST",
        headers: { ...json, "content-type": "application/json" },
        body,
      });
      expect([answer.status, answer.json.error]).toMatchObject([400, { details: { field: "flow" } }]);
    },
  );

  it("and that nobody reads is left alone", async () => {
    expect((await send(`${server.url}/self-service/login/api?utm=1&utm=2`)).status).toBe(200);
  });

  it.each([`return_to=${bad}&return_to=`, `return_to=&return_to=${bad}`, `return_to=${good}&return_to=${bad}`])(
    "does not bring %s past the check",
    async (query) => {
      for (const kind of ["login", "registration"])
        for (const type of ["browser", "api"])
          expect((await send(`${server.url}/self-service/${kind}/${type}?${query}`, { headers: json })).status).toBe(
            400,
          );
      expect(await server.sql("SELECT id FROM flows WHERE request_url LIKE '%javascript%'")).toEqual([]);
    },
  );
});

describe("what a flow shows of its request", () => {
  const json = { accept: "application/json" };
  it.each([
    ["a relative place", "?return_to=/after", "/after"],
    ["a relative place without detours", "?return_to=/a/../b", `${ui.origin}/b`],
    ["a place without detours", `?return_to=${encodeURIComponent(`${ui.origin}/a/../b`)}`, `${ui.origin}/b`],
    ["no place where none was named", "?x=1&return_to=", undefined],
    ["no place of a fragment", "?x=1#&return_to=javascript:alert(1)", undefined],
    ["no place of a fragment without a query", "#return_to=javascript:alert(1)", undefined],
    ["no place beside a semicolon", "?x=1;return_to=javascript:alert(1)", undefined],
    ["a place whose name is encoded", `?return%5fto=${encodeURIComponent(`${ui.origin}/`)}`, `${ui.origin}/`],
  ])("is %s", async (_, query, place) => {
    const flow = await rawGet(`/self-service/login/browser${query}`);
    expect(flow.return_to).toBe(place);
    const url = String(flow.request_url);
    expect(url).not.toMatch(/[#;]/);
    // Whoever reads the address by the rules of browsers finds the place that was checked.
    const shown = new URL(url).searchParams.get("return_to") || undefined;
    expect(shown && new URL(shown, ui.welcome).href).toBe(place && new URL(place, ui.welcome).href);
  });

  it("is what it keeps when another takes its place", async () => {
    const flow = (await send(`${server.url}/self-service/login/api?return_to=/after`)).json;
    server.clock.advance(2 * 3_600_000);
    const answer = await send(`${server.url}/self-service/login/flows?id=${flow.id}`, { headers: json });
    expect(answer.json).toMatchObject({
      error: { details: { api: expect.stringContaining(encodeURIComponent("/after")) } },
    });
  });

  /** Node's client leaves out fragments; not everyone does. */
  const rawGet = async (target: string): Promise<Record<string, unknown>> => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: application/json\r\nConnection: close\r\n\r\n`,
    );
    const answer = await text(socket);
    return JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1));
  };
});

describe("signing out", () => {
  const link = (cookie: string | undefined, returnTo: string) =>
    send(`${server.url}/self-service/logout/browser?${new URLSearchParams({ return_to: returnTo })}`, {
      headers: { accept: "application/json", cookie },
    });

  it("leads to return_to, if that is allowed", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const cookie = visitor.credentials.jar?.header;
    for (const place of forbidden) expect((await link(cookie, place)).status).toBe(400);
    const { logout_url: url } = (await link(cookie, `${ui.origin}/bye`)).json;
    const forged = String(url).replace(encodeURIComponent(ui.origin), encodeURIComponent("https://evil.example.org"));
    expect((await send(forged, { headers: { accept: "application/json", cookie } })).status).toBe(400);
    accepted(await visitor.whoami());
    const answer = await send(String(url), { headers: { accept: "text/html", cookie } });
    expect([answer.status, answer.headers.location]).toEqual([303, `${ui.origin}/bye`]);
  });
});
