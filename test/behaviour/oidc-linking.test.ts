import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accepted, type Door, refused, type Visitor } from "../doors/door.ts";
import { browserDoors, doors, nativeDoors } from "../doors/doors.ts";
import { send } from "../doors/http.ts";
import { nativeRest, spa } from "../doors/json-rest.ts";
import { change, enterAsNewPerson, type Person, signIn } from "../doors/person.ts";
import { away, comeBack, errorAt, locationOf, type Providers, showRealTime, signInAt, startProviders, stateOf } from "../doors/providers.ts";
import { ageSessions, eventsOf, everythingWritten, linksOf } from "../doors/rows.ts";
import type { SeenFlow } from "../doors/seen.ts";
import { startServer, type TestServer, ui } from "../doors/server.ts";

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

const returnTo = { return_to: ui.welcome };
const withCode = { ...returnTo, return_session_token_exchange_code: "true" };
const buttons = (flow: SeenFlow) => flow.nodes.filter(({ group }) => group === "oidc").map(({ name, value }) => `${name} ${value}`);

/** Links through the door, all the way. */
const linkThrough = async (door: Door, visitor: Visitor, provider: "acme" | "globex", sub: string) => {
  const flow = accepted(await visitor.settings.create(door.family === "native" ? withCode : {}));
  const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: provider }));
  const back = await comeBack(await signInAt(providers[provider], location, { sub }), door.family === "native" ? undefined : visitor);
  if (door.family === "browser") return { flow, back, answer: undefined };
  const code = locationOf(back).searchParams.get("code") ?? "";
  const answer = await visitor.settings.update(flow.id, { method: "oidc", init_code: flow.exchangeCode ?? "", return_to_code: code });
  return { flow, back, answer };
};

describe.each(doors)("through $name", (door) => {
  const enter = async (): Promise<{ visitor: Visitor; person: Person }> => enterAsNewPerson(door, server);

  it("a provider is linked, the session has proven it, and an event tells of it", async () => {
    const { visitor, person } = await enter();
    const sub = randomUUID();
    const { flow } = await linkThrough(door, visitor, "acme", sub);
    const shown = accepted(await visitor.settings.get(flow.id));
    expect(shown).toMatchObject({ state: "success", active: "oidc", texts: [{ id: 1050001 }] });
    expect(buttons(shown)).toEqual(["unlink acme", "link globex"]);
    expect(await linksOf(server, person.id)).toEqual([`acme:${sub}`]);
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({ identityId: person.id, methods: ["password", "oidc"], authenticatedAt: server.clock.now().getTime() });
    expect(await eventsOf(server, person.id)).toEqual(["provider.linked done acme"]);
  });

  it("a provider is unlinked, but not the last way in, and not one that is not linked", async () => {
    const { visitor, person } = await enter();
    await linkThrough(door, visitor, "acme", randomUUID());
    const unknown = refused(await change(visitor, { method: "oidc", unlink: "globex" }));
    expect(unknown).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
    const done = await change(visitor, { method: "oidc", unlink: "acme" });
    expect(buttons(accepted(done).flow as SeenFlow)).toEqual(["link acme", "link globex"]);
    expect(await linksOf(server, person.id)).toEqual([]);
    const last = refused(await change(visitor, { method: "oidc", unlink: "acme" }));
    expect(last).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
    expect(await eventsOf(server, person.id)).toContain("provider.unlinked done acme");
  });

  it("whoever has only providers keeps one of them", async () => {
    const { visitor, person } = await enter();
    const sub = randomUUID();
    await linkThrough(door, visitor, "acme", sub);
    await server.sql("DELETE FROM identity_credentials WHERE type = 'password' AND identity_id = UNHEX(?)", [person.id.replaceAll("-", "")]);
    await server.sql("UPDATE identities SET credentials = JSON_SET(credentials, '$.password.set', false), version = version + 1 WHERE id = UNHEX(?)", [
      person.id.replaceAll("-", ""),
    ]);
    const flow = accepted(await visitor.settings.create());
    expect(buttons(flow)).toEqual(["link globex"]);
    const before = await everythingWritten(server);
    const refusal = refused(await visitor.settings.update(flow.id, { method: "oidc", unlink: "acme" }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ id: 4000001 }] });
    expect(await linksOf(server, person.id)).toEqual([`acme:${sub}`]);
    expect({ ...(await everythingWritten(server)), security_events: [] }).toEqual({ ...before, security_events: [] });
  });

  it("what cannot be linked is told alike, before the session's age is looked at", async () => {
    const { visitor, person } = await enter();
    await linkThrough(door, visitor, "acme", randomUUID());
    await ageSessions(server, person.id);
    const texts: string[] = [];
    for (const submission of [{ link: "acme" }, { link: "nobody" }, { link: "__proto__" }]) {
      const refusal = refused(await change(visitor, { method: "oidc", ...submission }));
      expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
      texts.push(refusal.texts[0]?.text ?? "");
    }
    expect(new Set(texts).size).toBe(1);
    expect(refused(await change(visitor, { method: "oidc", link: "globex", unlink: "acme" })).texts[0]?.text).not.toBe(texts[0]);
  });

  it("an account of the provider that someone else has linked is refused, and whose it is is not told", async () => {
    const sub = randomUUID();
    const first = await enter();
    await linkThrough(door, first.visitor, "acme", sub);
    const second = await enter();
    const { flow, answer } = await linkThrough(door, second.visitor, "acme", sub);
    if (answer) expect(refused(answer).reason).toBe("FORM_REJECTED");
    const shown = accepted(await second.visitor.settings.get(flow.id));
    expect(shown).toMatchObject({ state: "show_form", active: "oidc", texts: [{ node: "", id: 4000007 }] });
    expect(JSON.stringify(shown)).not.toContain(first.person.email);
    expect(await linksOf(server, second.person.id)).toEqual([]);
    expect(accepted(await second.visitor.whoami()).methods).toEqual(["password"]);
    expect(await eventsOf(server, second.person.id)).toEqual(["provider.linked refused acme"]);
  });

  it("unlinking waits for a fresh session and happens once it is there", async () => {
    const { visitor, person } = await enter();
    await linkThrough(door, visitor, "acme", randomUUID());
    await ageSessions(server, person.id);
    const flow = accepted(await visitor.settings.create());
    const refusal = refused(await visitor.settings.update(flow.id, { method: "oidc", unlink: "acme" }));
    expect(refusal.reason).toBe("SESSION_REFRESH_REQUIRED");
    if (refusal.reauthenticate?.methods) expect(refusal.reauthenticate.methods).toEqual(["password", "oidc"]);
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const resumed = accepted(await visitor.resume(flow.id));
    expect(buttons(resumed.flow as SeenFlow)).toEqual(["link acme", "link globex"]);
    expect(await linksOf(server, person.id)).toEqual([]);
  });

  it("linking waits for a fresh session and then leads to the provider", async () => {
    const { visitor, person } = await enter();
    await ageSessions(server, person.id);
    const flow = accepted(await visitor.settings.create(door.family === "native" ? withCode : {}));
    expect(refused(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" })).reason).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const location = away(await visitor.resume(flow.id));
    expect(location).toMatch(new RegExp(`^${providers.acme.issuer}/auth\\?`));
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }), door.family === "native" ? undefined : visitor);
    if (door.family === "native") {
      const code = locationOf(back).searchParams.get("code") ?? "";
      accepted(await visitor.settings.update(flow.id, { method: "oidc", init_code: flow.exchangeCode ?? "", return_to_code: code }));
    }
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });
});

describe.each(browserDoors)("in a browser, through $name", (door) => {
  it("the way to the provider has PKCE, a nonce and what may be passed on, and nothing else of the client's", async () => {
    const { visitor } = await enterAsNewPerson(door, server);
    const upstream_parameters = { hd: "example.com", prompt: "login", login_hint: "x@example.com" };
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme", upstream_parameters }));
    const { searchParams } = new URL(location);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      hd: "example.com",
      prompt: "login",
      code_challenge_method: "S256",
      response_type: "code",
      client_id: "acme",
    });
    expect(searchParams.has("login_hint")).toBe(false);
    expect(searchParams.get("nonce")).toHaveLength(43);
    expect(searchParams.get("state")).toHaveLength(64);
  });

  it("what the provider refuses comes back to the form, and the flow goes on", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    providers.acme.refuse("access_denied");
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }), visitor);
    providers.acme.refuse(undefined);
    expect([back.status, locationOf(back).href]).toEqual([303, `${ui.settings}?flow=${flow.id}`]);
    expect(accepted(await visitor.settings.get(flow.id))).toMatchObject({ active: undefined, texts: [{ node: "", id: 4000001 }] });
    const again = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    await comeBack(await signInAt(providers.acme, again, { sub: randomUUID() }), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("a provider that is down is a message of the form", async () => {
    const { visitor } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "globex" }));
    const url = await signInAt(providers.globex, location, { sub: randomUUID() });
    await providers.globex.down();
    const back = await comeBack(url, visitor);
    await providers.globex.up();
    expect(locationOf(back).href).toBe(`${ui.settings}?flow=${flow.id}`);
    expect(accepted(await visitor.settings.get(flow.id)).texts).toMatchObject([{ node: "", id: 4000001 }]);
  });

  it("a session that grew old at the provider is asked for again, and the link is asked for anew after that", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const url = await signInAt(providers.acme, location, { sub: randomUUID() });
    await ageSessions(server, person.id);
    expect(locationOf(await comeBack(url, visitor)).searchParams.get("refresh")).toBe("true");
    expect(await linksOf(server, person.id)).toEqual([]);
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const again = away(await visitor.resume(flow.id));
    await comeBack(await signInAt(providers.acme, again, { sub: randomUUID() }), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("two links that were begun side by side both find their way back", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const [one, two] = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    const toAcme = away(await visitor.settings.update(one.id, { method: "oidc", link: "acme" }));
    const toGlobex = away(await visitor.settings.update(two.id, { method: "oidc", link: "globex" }));
    await comeBack(await signInAt(providers.acme, toAcme, { sub: randomUUID() }), visitor);
    await comeBack(await signInAt(providers.globex, toGlobex, { sub: randomUUID() }), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(2);
  });
});

describe("an answer of a provider", () => {
  /** Someone at the provider, with the way back in hand. */
  const atProvider = async (provider: "acme" | "globex" = "acme") => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: provider }));
    return { visitor, person, flow, location, url: await signInAt(providers[provider], location, { sub: randomUUID() }) };
  };
  const nothingIsWritten = async (act: () => Promise<unknown>) => {
    const before = await everythingWritten(server);
    await act();
    expect(await everythingWritten(server)).toEqual(before);
  };
  const isRefused = async (url: URL | string, visitor: Visitor | undefined, field = "state") => {
    const back = await comeBack(url, visitor);
    expect(locationOf(back).href).toMatch(new RegExp(`^${ui.error}\\?id=`));
    expect(await errorAt(server, back)).toMatchObject({ code: 400, details: { field } });
  };

  it("nobody asked for is refused", () =>
    nothingIsWritten(async () => {
      const callback = `${server.url}/self-service/methods/oidc/callback/acme`;
      for (const query of ["", "?code=x", "?code=x&state=y", `?code=x&state=${"A".repeat(64)}`, `?code=x&state=${"A".repeat(9999)}`])
        await isRefused(`${callback}${query}`, undefined);
    }));

  it("is refused in another browser", async () => {
    const { url, person } = await atProvider();
    const { visitor: stranger } = await enterAsNewPerson(spa, server);
    await nothingIsWritten(() => isRefused(url, stranger));
    await nothingIsWritten(() => isRefused(url, undefined));
    expect(await linksOf(server, person.id)).toEqual([]);
  });

  it("is refused when the browser has another session by now: nobody is led to link a stranger's account", async () => {
    const attacker = await atProvider();
    const victim = await enterAsNewPerson(spa, server);
    // The worst case: even the attacker's continuity cookie was planted.
    victim.visitor.credentials.jar?.set("ory_kratos_continuity", attacker.visitor.credentials.jar?.get("ory_kratos_continuity") ?? "");
    await nothingIsWritten(async () => {
      const back = await comeBack(attacker.url, victim.visitor);
      expect((await errorAt(server, back))["id"]).toBe("security_identity_mismatch");
    });
    expect(await linksOf(server, victim.person.id)).toEqual([]);
  });

  it("is refused without the session that it was begun with", async () => {
    const { url, visitor, person } = await atProvider();
    const flow = accepted(await visitor.settings.create());
    accepted(await visitor.signOut());
    accepted(await signIn(visitor, person));
    await nothingIsWritten(async () => {
      const back = await comeBack(url, visitor);
      expect((await errorAt(server, back))["id"]).toBe("security_identity_mismatch");
    });
    expect(flow.id).toBeDefined();
  });

  it("is good once", async () => {
    const { url, visitor, person } = await atProvider();
    await comeBack(url, visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
    await nothingIsWritten(() => isRefused(url, visitor));
  });

  it("is good once, also of many at the same moment", async () => {
    const { url, visitor, person } = await atProvider();
    const back = await Promise.all(Array.from({ length: 8 }, () => comeBack(url, visitor)));
    expect(back.filter((each) => locationOf(each).href.startsWith(ui.settings))).toHaveLength(1);
    expect(await linksOf(server, person.id)).toHaveLength(1);
    expect(await eventsOf(server, person.id)).toEqual(["provider.linked done acme"]);
  });

  it("comes too late after half an hour", async () => {
    const { url, visitor } = await atProvider();
    server.clock.advance(30 * 60_000 + 1);
    await isRefused(url, visitor);
  });

  it("of one provider is refused at the address of the other", async () => {
    const { url, visitor, person, flow } = await atProvider("acme");
    const mixed = new URL(url);
    mixed.pathname = mixed.pathname.replace("acme", "globex");
    const back = await comeBack(mixed, visitor);
    expect(locationOf(back).href).toBe(`${ui.settings}?flow=${flow.id}`);
    expect(accepted(await visitor.settings.get(flow.id)).texts).toMatchObject([{ id: 4000001 }]);
    expect(await linksOf(server, person.id)).toEqual([]);
  });

  it("with the code of one provider and the state of the other is refused", async () => {
    const { person, flow, url } = await atProvider("acme");
    const other = await atProvider("globex");
    for (const iss of [url.searchParams.get("iss"), undefined]) {
      const location = away(await other.visitor.settings.update(other.flow.id, { method: "oidc", link: "globex" }));
      const mixed = new URL(`${server.url}/self-service/methods/oidc/callback/globex`);
      mixed.search = new URLSearchParams({ code: url.searchParams.get("code") ?? "", state: stateOf(location), ...(iss && { iss }) }).toString();
      await comeBack(mixed, other.visitor);
      expect(accepted(await other.visitor.settings.get(other.flow.id)).texts).toMatchObject([{ id: 4000001 }]);
    }
    expect([await linksOf(server, person.id), await linksOf(server, other.person.id), flow.state]).toEqual([[], [], "show_form"]);
  });

  it("with a code that was used already is refused", async () => {
    const first = await atProvider();
    await comeBack(first.url, first.visitor);
    const second = await enterAsNewPerson(spa, server);
    const flow = accepted(await second.visitor.settings.create());
    const location = away(await second.visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const replayed = new URL(first.url);
    replayed.searchParams.set("state", stateOf(location));
    await comeBack(replayed, second.visitor);
    expect(accepted(await second.visitor.settings.get(flow.id)).texts).toMatchObject([{ id: 4000001 }]);
    expect(await linksOf(server, second.person.id)).toEqual([]);
  });

  it("that is posted from another site comes by the way that has cookies", async () => {
    const { url, visitor, person } = await atProvider();
    const posted = await comeBackByPost(url);
    expect(posted.status).toBe(303);
    expect(locationOf(posted).pathname).toBe(url.pathname);
    await comeBack(locationOf(posted), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("is not taken by a browser that only looks ahead", async () => {
    const { url, visitor, person } = await atProvider();
    const headers = { cookie: visitor.credentials.jar?.header, "sec-purpose": "prefetch" };
    expect((await send(String(url), { headers })).status).toBe(503);
    expect((await send(String(url), { method: "HEAD", headers: { cookie: visitor.credentials.jar?.header } })).status).toBe(200);
    await comeBack(url, visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("of a provider that the configuration has no more is refused", async () => {
    const { url, visitor, flow, person } = await atProvider("globex");
    await server.restart({ ...providers.overrides, selfservice: { methods: { oidc: { enabled: true, config: { providers: [] } } } } });
    const back = await comeBack(url, visitor);
    expect(locationOf(back).href).toBe(`${ui.settings}?flow=${flow.id}`);
    expect(accepted(await visitor.settings.get(flow.id)).texts).toMatchObject([{ id: 4000001 }]);
    await server.restart(providers.overrides);
    expect(await linksOf(server, person.id)).toEqual([]);
  });
});

/** As Apple's page does: a form, with no cookies. */
const comeBackByPost = async (url: URL) => {
  return send(`${url.origin}${url.pathname}`, {
    method: "POST",
    headers: { accept: "text/html", origin: "https://provider.example", "sec-fetch-site": "cross-site", "content-type": "application/x-www-form-urlencoded" },
    body: url.searchParams.toString(),
  });
};

describe.each(nativeDoors)("in an app, through $name", (door) => {
  it("the browser's way back links nothing; the app does, with both codes and its session", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const before = await everythingWritten(server);
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    expect(locationOf(back).href).toMatch(new RegExp(`^${ui.welcome}\\?code=[A-Za-z0-9_-]{64}$`));
    expect({ ...(await everythingWritten(server)), continuations: [] }).toEqual({ ...before, continuations: [] });

    const codes = { init_code: flow.exchangeCode ?? "", return_to_code: locationOf(back).searchParams.get("code") ?? "" };
    const submit = (who: Visitor, parts: object = {}) => who.settings.update(flow.id, { method: "oidc", ...codes, ...parts });
    const { visitor: stranger } = await enterAsNewPerson(door, server);
    expect(refused(await submit(stranger)).reason).toBe("IDENTITY_MISMATCH");
    const { visitor: elsewhere } = { visitor: door.enter(server) };
    accepted(await signIn(elsewhere, person));
    for (const [who, parts] of [
      [elsewhere, {}],
      [visitor, { init_code: "x" }],
      [visitor, { init_code: "" }],
      [visitor, { return_to_code: "A".repeat(64) }],
      [visitor, { return_to_code: "x" }],
    ] as const)
      expect(refused(await submit(who, parts))).toMatchObject({ reason: "FORM_REJECTED", texts: [{ id: 4000001 }] });
    expect(await linksOf(server, person.id)).toEqual([]);

    accepted(await submit(visitor));
    expect(await linksOf(server, person.id)).toHaveLength(1);
    expect(refused(await submit(visitor))).toMatchObject({ reason: "FORM_REJECTED" });
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("a session that grew old meanwhile is asked for again, and the codes stay good", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    await ageSessions(server, person.id);
    const codes = { init_code: flow.exchangeCode ?? "", return_to_code: locationOf(back).searchParams.get("code") ?? "" };
    expect(refused(await visitor.settings.update(flow.id, { method: "oidc", ...codes })).reason).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await signIn(visitor, person, { refresh: "true" }));
    accepted(await visitor.settings.update(flow.id, { method: "oidc", ...codes }));
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("what the provider refuses is told when the app comes for it", async () => {
    const { visitor } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    providers.acme.refuse("access_denied");
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    providers.acme.refuse(undefined);
    const codes = { init_code: flow.exchangeCode ?? "", return_to_code: locationOf(back).searchParams.get("code") ?? "" };
    const refusal = refused(await visitor.settings.update(flow.id, { method: "oidc", ...codes }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ id: 4000001, text: expect.stringContaining("denied") }] });
  });

  it("a flow without a code cannot be completed, and says so", async () => {
    const { visitor, person } = await enterAsNewPerson(door, server);
    const flow = accepted(await visitor.settings.create());
    expect(flow.exchangeCode).toBeUndefined();
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    expect(await errorAt(server, back)).toMatchObject({ code: 400, details: { field: "return_session_token_exchange_code" } });
    expect(await linksOf(server, person.id)).toEqual([]);
  });
});

describe("two who unlink at the same moment", () => {
  it("leave one way in", async () => {
    for (let round = 0; round < 6; round++) {
      const { visitor, person } = await enterAsNewPerson(nativeRest, server);
      await linkThrough(nativeRest, visitor, "acme", randomUUID());
      await linkThrough(nativeRest, visitor, "globex", randomUUID());
      await server.sql("DELETE FROM identity_credentials WHERE type = 'password' AND identity_id = UNHEX(?)", [person.id.replaceAll("-", "")]);
      await server.sql("UPDATE identities SET credentials = JSON_SET(credentials, '$.password.set', false), version = version + 1 WHERE id = UNHEX(?)", [
        person.id.replaceAll("-", ""),
      ]);
      const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
      const answers = await Promise.all(
        ["acme", "globex", "acme", "globex"].map((unlink, at) => visitor.settings.update(flows[at % 2]?.id ?? "", { method: "oidc", unlink })),
      );
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await linksOf(server, person.id)).toHaveLength(1);
    }
  });
});
