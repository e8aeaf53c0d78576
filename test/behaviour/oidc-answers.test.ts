import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, type Visitor } from "../protocols/protocol.ts";
import {
  away,
  comeBack,
  errorAt,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
  stateOf,
} from "../protocols/providers.ts";
import { eventsOf, everythingWritten, linksOf } from "../protocols/rows.ts";
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

describe("an answer of a provider", () => {
  /** Someone at the provider, with the way back in hand. */
  const atProvider = async (provider: "acme" | "globex" = "acme") => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: provider }));
    return {
      visitor,
      person,
      flow,
      location,
      url: await signInAt(providers[provider], location, { sub: randomUUID() }),
    };
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
      for (const query of [
        "",
        "?code=x",
        "?code=x&state=y",
        `?code=x&state=${"A".repeat(64)}`,
        `?code=x&state=${"A".repeat(9999)}`,
      ])
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
    victim.visitor.credentials.jar?.set(
      "ory_kratos_continuity",
      attacker.visitor.credentials.jar?.get("ory_kratos_continuity") ?? "",
    );
    await nothingIsWritten(async () => {
      const back = await comeBack(attacker.url, victim.visitor);
      expect((await errorAt(server, back)).id).toBe("security_identity_mismatch");
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
      expect((await errorAt(server, back)).id).toBe("security_identity_mismatch");
    });
    expect(flow.id).toBeDefined();
  });

  it("needs the whole of its state: knowing what it leads to is not enough", async () => {
    const { url, visitor, person } = await atProvider();
    const state = url.searchParams.get("state") ?? "";
    const guessed = new URL(url);
    guessed.searchParams.set("state", `${state.slice(0, 32)}${state.slice(32).split("").reverse().join("")}`);
    await nothingIsWritten(() => isRefused(guessed, visitor));
    await comeBack(url, visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
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
      mixed.search = new URLSearchParams({
        code: url.searchParams.get("code") ?? "",
        state: stateOf(location),
        ...(iss && { iss }),
      }).toString();
      await comeBack(mixed, other.visitor);
      expect(accepted(await other.visitor.settings.get(other.flow.id)).texts).toMatchObject([{ id: 4000001 }]);
    }
    expect([await linksOf(server, person.id), await linksOf(server, other.person.id), flow.state]).toEqual([
      [],
      [],
      "show_form",
    ]);
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
    expect(
      (await send(String(url), { method: "HEAD", headers: { cookie: visitor.credentials.jar?.header } })).status,
    ).toBe(200);
    await comeBack(url, visitor);
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("of a provider that the configuration has no more is refused", async () => {
    const { url, visitor, flow, person } = await atProvider("globex");
    await server.restart({
      ...providers.overrides,
      selfservice: { methods: { oidc: { enabled: true, config: { providers: [] } } } },
    });
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
    headers: {
      accept: "text/html",
      origin: "https://provider.example",
      "sec-fetch-site": "cross-site",
      "content-type": "application/x-www-form-urlencoded",
    },
    body: url.searchParams.toString(),
  });
};
