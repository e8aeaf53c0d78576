import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withCode } from "../protocols/linking.ts";
import { enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { nativeProtocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  errorAt,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { ageSessions, everythingWritten, linksOf } from "../protocols/rows.ts";
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

describe.each(nativeProtocols)("in an app, through $name", (protocol) => {
  it("the browser's way back links nothing; the app does, with both codes and its session", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const before = await everythingWritten(server);
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    expect(locationOf(back).href).toMatch(new RegExp(`^${ui.welcome}\\?code=[A-Za-z0-9_-]{64}$`));
    expect({ ...(await everythingWritten(server)), continuations: [] }).toEqual({ ...before, continuations: [] });

    const codes = {
      init_code: flow.exchangeCode ?? "",
      return_to_code: locationOf(back).searchParams.get("code") ?? "",
    };
    const submit = (who: Visitor, parts: object = {}) =>
      who.settings.update(flow.id, { method: "oidc", ...codes, ...parts });
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    expect(refused(await submit(stranger)).reason).toBe("IDENTITY_MISMATCH");
    const { visitor: otherDevice } = { visitor: protocol.enter(server) };
    accepted(await signIn(otherDevice, person));
    for (const [who, parts] of [
      [otherDevice, {}],
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
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    await ageSessions(server, person.id);
    const codes = {
      init_code: flow.exchangeCode ?? "",
      return_to_code: locationOf(back).searchParams.get("code") ?? "",
    };
    expect(refused(await visitor.settings.update(flow.id, { method: "oidc", ...codes })).reason).toBe(
      "SESSION_REFRESH_REQUIRED",
    );
    accepted(await signIn(visitor, person, { refresh: "true" }));
    accepted(await visitor.settings.update(flow.id, { method: "oidc", ...codes }));
    expect(await linksOf(server, person.id)).toHaveLength(1);
  });

  it("what the provider refuses is told when the app comes for it", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create(withCode));
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    providers.acme.refuse("access_denied");
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    providers.acme.refuse(undefined);
    const codes = {
      init_code: flow.exchangeCode ?? "",
      return_to_code: locationOf(back).searchParams.get("code") ?? "",
    };
    const refusal = refused(await visitor.settings.update(flow.id, { method: "oidc", ...codes }));
    expect(refusal).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ id: 4000001, text: expect.stringContaining("denied") }],
    });
  });

  it("a flow without a code cannot be completed, and says so", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    expect(flow.exchangeCode).toBeUndefined();
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, { sub: randomUUID() }));
    expect(await errorAt(server, back)).toMatchObject({
      code: 400,
      details: { field: "return_session_token_exchange_code" },
    });
    expect(await linksOf(server, person.id)).toEqual([]);
  });
});
