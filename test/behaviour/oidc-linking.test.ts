import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { linkThrough, withCode } from "../protocols/linking.ts";
import { change, enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols, protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { ageSessions, eventsOf, everythingWritten, linksOf } from "../protocols/rows.ts";
import type { SeenFlow } from "../protocols/seen.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

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

const buttons = (flow: SeenFlow) =>
  flow.nodes.filter(({ group }) => group === "oidc").map(({ name, value }) => `${name} ${value}`);

describe.each(protocols)("through $name", (protocol) => {
  const enter = async (): Promise<{ visitor: Visitor; person: Person }> => enterAsNewPerson(protocol, server);

  it("a provider is linked, the session has proven it, and an event tells of it", async () => {
    const { visitor, person } = await enter();
    const sub = randomUUID();
    const { flow } = await linkThrough(providers, protocol, visitor, "acme", sub);
    const shown = accepted(await visitor.settings.get(flow.id));
    expect(shown).toMatchObject({ state: "success", active: "oidc", texts: [{ id: 1050001 }] });
    expect(buttons(shown)).toEqual(["unlink acme", "link globex"]);
    expect(await linksOf(server, person.id)).toEqual([`acme:${sub}`]);
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({
      identityId: person.id,
      methods: ["password", "oidc"],
      authenticatedAt: server.clock.now().getTime(),
    });
    expect(await eventsOf(server, person.id)).toEqual(["provider.linked done acme"]);
  });

  it("a provider is unlinked, but not the last way in, and not one that is not linked", async () => {
    const { visitor, person } = await enter();
    await linkThrough(providers, protocol, visitor, "acme", randomUUID());
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
    await linkThrough(providers, protocol, visitor, "acme", sub);
    await server.sql("DELETE FROM identity_credentials WHERE type = 'password' AND identity_id = UNHEX(?)", [
      person.id.replaceAll("-", ""),
    ]);
    await server.sql(
      `UPDATE identities SET credentials = JSON_SET(credentials, '$.password.set', false), version = version +
        1 WHERE id = UNHEX(?)`,
      [person.id.replaceAll("-", "")],
    );
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
    await linkThrough(providers, protocol, visitor, "acme", randomUUID());
    await ageSessions(server, person.id);
    const texts: string[] = [];
    for (const submission of [{ link: "acme" }, { link: "nobody" }, { link: "__proto__" }]) {
      const refusal = refused(await change(visitor, { method: "oidc", ...submission }));
      expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
      texts.push(refusal.texts[0]?.text ?? "");
    }
    expect(new Set(texts).size).toBe(1);
    expect(refused(await change(visitor, { method: "oidc", link: "globex", unlink: "acme" })).texts[0]?.text).not.toBe(
      texts[0],
    );
  });

  it("an account of the provider that someone else has linked is refused, and whose it is is not told", async () => {
    const sub = randomUUID();
    const first = await enter();
    await linkThrough(providers, protocol, first.visitor, "acme", sub);
    const second = await enter();
    const { flow, answer } = await linkThrough(providers, protocol, second.visitor, "acme", sub);
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
    await linkThrough(providers, protocol, visitor, "acme", randomUUID());
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
    const flow = accepted(await visitor.settings.create(protocol.family === "native" ? withCode : {}));
    expect(refused(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const location = away(await visitor.resume(flow.id));
    expect(location).toMatch(new RegExp(`^${providers.acme.issuer}/auth\\?`));
    const back = await comeBack(
      await signInAt(providers.acme, location, { sub: randomUUID() }),
      protocol.family === "native" ? undefined : visitor,
    );
    if (protocol.family === "native") {
      const code = locationOf(back).searchParams.get("code") ?? "";
      accepted(
        await visitor.settings.update(flow.id, {
          method: "oidc",
          init_code: flow.exchangeCode ?? "",
          return_to_code: code,
        }),
      );
    }
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });
});

describe.each(browserProtocols)("in a browser, through $name", (protocol) => {
  it("the authorization request has PKCE, a nonce and only allowed options of the client", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const upstream_parameters = { hd: "example.com", prompt: "login", login_hint: "x@example.com" };
    const flow = accepted(await visitor.settings.create());
    const location = away(
      await visitor.settings.update(flow.id, { method: "oidc", link: "acme", upstream_parameters }),
    );
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
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    providers.acme.refuse("access_denied");
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }), visitor);
    providers.acme.refuse(undefined);
    expect([back.status, locationOf(back).href]).toEqual([303, `${ui.settings}?flow=${flow.id}`]);
    expect(accepted(await visitor.settings.get(flow.id))).toMatchObject({
      active: undefined,
      texts: [{ node: "", id: 4000001 }],
    });
    const again = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    await comeBack(await signInAt(providers.acme, again, { sub: randomUUID() }), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("a provider that is down is a message of the form", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "globex" }));
    const url = await signInAt(providers.globex, location, { sub: randomUUID() });
    await providers.globex.down();
    const back = await comeBack(url, visitor);
    await providers.globex.up();
    expect(locationOf(back).href).toBe(`${ui.settings}?flow=${flow.id}`);
    expect(accepted(await visitor.settings.get(flow.id)).texts).toMatchObject([{ node: "", id: 4000001 }]);
  });

  it("a session that grew old at the provider must be renewed, and the link is then requested again", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
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
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [one, two] = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    const toAcme = away(await visitor.settings.update(one.id, { method: "oidc", link: "acme" }));
    const toGlobex = away(await visitor.settings.update(two.id, { method: "oidc", link: "globex" }));
    await comeBack(await signInAt(providers.acme, toAcme, { sub: randomUUID() }), visitor);
    await comeBack(await signInAt(providers.globex, toGlobex, { sub: randomUUID() }), visitor);
    expect(await linksOf(server, person.id)).toHaveLength(2);
  });
});

it("a parked change and a way to a provider wait side by side, and both are completed", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create(withCode));
  const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
  await ageSessions(server, person.id);
  const password = newPassword();
  const parked = refused(await visitor.settings.update(flow.id, { method: "password", password }));
  expect(parked.reason).toBe("SESSION_REFRESH_REQUIRED");
  const waiting = await server.sql<{ kind: string }>(
    "SELECT kind FROM continuations WHERE flow_id = UNHEX(?) ORDER BY kind",
    [flow.id.replaceAll("-", "")],
  );
  expect(waiting.map(({ kind }) => kind)).toEqual(["reauthentication", "redirect"]);

  const sub = randomUUID();
  const back = await comeBack(await signInAt(providers.acme, location, { sub }), undefined);
  accepted(await signIn(visitor, person, { refresh: "true" }));
  accepted(await visitor.resume(flow.id));
  accepted(await signIn(nativeRest.enter(server), { ...person, password }));
  const code = locationOf(back).searchParams.get("code") ?? "";
  accepted(
    await visitor.settings.update(flow.id, {
      method: "oidc",
      init_code: flow.exchangeCode ?? "",
      return_to_code: code,
    }),
  );
  expect(await linksOf(server, person.id)).toEqual([`acme:${sub}`]);
});

describe("two who unlink at the same moment", () => {
  it("leave one way in", async () => {
    for (let round = 0; round < 6; round++) {
      const { visitor, person } = await enterAsNewPerson(nativeRest, server);
      await linkThrough(providers, nativeRest, visitor, "acme", randomUUID());
      await linkThrough(providers, nativeRest, visitor, "globex", randomUUID());
      await server.sql("DELETE FROM identity_credentials WHERE type = 'password' AND identity_id = UNHEX(?)", [
        person.id.replaceAll("-", ""),
      ]);
      await server.sql(
        `UPDATE identities SET credentials = JSON_SET(credentials, '$.password.set', false), version = version
          + 1 WHERE id = UNHEX(?)`,
        [person.id.replaceAll("-", "")],
      );
      const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
      const answers = await Promise.all(
        ["acme", "globex", "acme", "globex"].map((unlink, at) =>
          visitor.settings.update(flows[at % 2]?.id ?? "", { method: "oidc", unlink }),
        ),
      );
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await linksOf(server, person.id)).toHaveLength(1);
    }
  });
});
