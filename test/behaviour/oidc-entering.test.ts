import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, signIn } from "../protocols/person.ts";
import {
  type Answer,
  accepted,
  type Done,
  type FlowKind,
  type Protocol,
  type Refusal,
  refused,
  type Visitor,
} from "../protocols/protocol.ts";
import { nativeProtocols, protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type ProviderId,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { ageSessions, eventsOf, everythingWritten, idBytes, linksOf } from "../protocols/rows.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/** Signing up with a provider signs in at once, as the tests want it. */
const withSession = { selfservice: { flows: { registration: { after: { oidc: { hooks: [{ hook: "session" }] } } } } } };

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server, { update_identity_on_login: "automatic", store_tokens: false }, withSession);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

const withCode = { return_to: ui.welcome, return_session_token_exchange_code: "true" };
const someone = (more: JsonObject = {}) => ({
  sub: randomUUID(),
  email: newEmail(),
  email_verified: true,
  given_name: "Ann",
  ...more,
});

/** How a sign-in through a protocol has ended: in a session, or at a form. */
interface SignInResult {
  readonly answer: Answer<Done>;
  /** The form that it ended at, and its kind. */
  readonly form: { readonly kind: FlowKind; readonly id: string } | undefined;
}

/** Goes from a flow to the provider and back, and all the way in. */
const go = async (
  protocol: Protocol,
  visitor: Visitor,
  kind: "login" | "registration",
  flow: SeenFlow,
  account: { sub: string } & JsonObject,
  provider: ProviderId = "acme",
  more: JsonObject = {},
): Promise<SignInResult> => {
  const location = away(await visitor[kind].update(flow.id, { method: "oidc", provider, ...more }));
  const back = await comeBack(
    await signInAt(providers[provider], location, account),
    protocol.family === "native" ? undefined : visitor,
  );
  if (protocol.family === "native") {
    const code = locationOf(back).searchParams.get("code") ?? "";
    const answer = await visitor.exchange(flow.exchangeCode ?? initCodes.get(flow.id) ?? "", code);
    return { answer, form: answer.ok ? undefined : (answer.form as SignInResult["form"]) };
  }
  const { href, searchParams } = locationOf(back);
  const page = (["login", "registration"] as const).find((each) => href.startsWith(ui[each]));
  const id = searchParams.get("flow") ?? "";
  if (page === undefined) return { answer: { ok: true, value: {}, location: href }, form: undefined };
  const { texts } = accepted(await visitor[page].get(id));
  return {
    answer: { ok: false, reason: "FORM_REJECTED", texts, location: href } as unknown as Refusal,
    form: { kind: page, id },
  };
};
/** The code of a flow goes on to the flow that takes its place. */
const initCodes = new Map<string, string>();
const begin = async (
  protocol: Protocol,
  visitor: Visitor,
  kind: "login" | "registration",
  query: Readonly<Record<string, string>> = {},
): Promise<SeenFlow> =>
  accepted(await visitor[kind].create({ ...(protocol.family === "native" ? withCode : {}), ...query }));
const enterWith = async (
  protocol: Protocol,
  kind: "login" | "registration",
  account: { sub: string } & JsonObject,
  provider: ProviderId = "acme",
) => {
  const visitor = protocol.enter(server);
  const flow = await begin(protocol, visitor, kind);
  return { visitor, flow, result: await go(protocol, visitor, kind, flow, account, provider) };
};
const verifiedOf = async (identityId: string) => {
  const [row] = await server.sql<{ addresses: unknown }>("SELECT addresses FROM identities WHERE id = ?", [
    idBytes(identityId),
  ]);
  const addresses = (typeof row?.addresses === "string" ? JSON.parse(row.addresses) : row?.addresses) as {
    verifiable: { value: string; verified: boolean }[];
  };
  return addresses.verifiable.filter(({ verified }) => verified).map(({ value }) => value);
};

describe.each(protocols)("through $name", (protocol) => {
  it.each(["login", "registration"] as const)(
    "someone new signs up from the %s form, and is signed in the next time",
    async (kind) => {
      const account = someone();
      const { visitor, result } = await enterWith(protocol, kind, account);
      accepted(result.answer);
      const session = accepted(await visitor.whoami());
      expect(session).toMatchObject({ methods: ["oidc"], traits: { email: account.email, name: { first: "Ann" } } });
      expect(await linksOf(server, session.identityId)).toEqual([`acme:${account.sub}`]);
      expect(await verifiedOf(session.identityId)).toEqual([account.email]);
      for (const next of ["login", "registration"] as const) {
        const again = await enterWith(protocol, next, { ...account, email: newEmail() });
        accepted(again.result.answer);
        expect(accepted(await again.visitor.whoami())).toMatchObject({
          identityId: session.identityId,
          traits: { email: account.email },
        });
      }
    },
  );

  it("who lacks a trait fills it in, and what they typed goes before what the provider says", async () => {
    const visitor = protocol.enter(server);
    const flow = await begin(protocol, visitor, "login");
    const account = { sub: randomUUID(), given_name: "Ann" };
    const first = await go(protocol, visitor, "login", flow, account);
    expect(refused(first.answer)).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "traits.email", id: 4000002 }],
    });
    expect(first.form?.kind).toBe("registration");
    const form = accepted(await visitor.registration.get(first.form?.id ?? ""));
    expect(form.active).toBe("oidc");
    expect(form.nodes.filter(({ group }) => group === "oidc" || group === "password")).toMatchObject([
      { name: "provider", value: "acme" },
    ]);
    expect(shownIn(form, "traits.name.first")).toBe("Ann");
    if (flow.exchangeCode) initCodes.set(form.id, flow.exchangeCode);
    const email = newEmail();
    const second = await go(protocol, visitor, "registration", form, account, "acme", {
      traits: { email, name: { first: "Anna" } },
    });
    accepted(second.answer);
    const session = accepted(await visitor.whoami());
    expect(session.traits).toMatchObject({ email, name: { first: "Anna" } });
    // Nobody but the provider vouches for an address.
    expect(await verifiedOf(session.identityId)).toEqual([]);
  });

  it("an address that an account has is linked only after its owner has signed in", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const account = someone({ email: person.email });
    const { visitor, result } = await enterWith(protocol, "registration", account);
    expect(refused(result.answer)).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 1010016 }] });
    expect(result.form?.kind).toBe("login");
    expect(await linksOf(server, person.id)).toEqual([]);
    const form = accepted(await visitor.login.get(result.form?.id ?? ""));
    expect(form).toMatchObject({ active: "oidc" });
    expect(form.nodes.find(({ name }) => name === "identifier")).toMatchObject({ type: "hidden", value: person.email });
    expect(form.nodes.filter(({ group }) => group === "oidc")).toMatchObject([{ value: "globex" }]);

    const wrong = refused(
      await visitor.login.update(form.id, { method: "password", identifier: person.email, password: "not it" }),
    );
    expect(wrong.texts).toMatchObject([{ id: 4000006 }]);
    const { person: other } = await enterAsNewPerson(protocol, server);
    const mismatch = refused(
      await visitor.login.update(form.id, { method: "password", identifier: other.email, password: other.password }),
    );
    expect(mismatch.texts).toMatchObject([{ node: "", id: 4010009 }]);
    expect([await linksOf(server, person.id), await linksOf(server, other.id)]).toEqual([[], []]);
    expect((await visitor.whoami()).ok).toBe(false);

    accepted(
      await visitor.login.update(form.id, { method: "password", identifier: person.email, password: person.password }),
    );
    expect(await linksOf(server, person.id)).toEqual([`acme:${account.sub}`]);
    expect(accepted(await visitor.whoami())).toMatchObject({ identityId: person.id, methods: ["password", "oidc"] });
    expect(await eventsOf(server, person.id)).toEqual(["provider.linked done acme"]);
    accepted((await enterWith(protocol, "login", account)).result.answer);
  });

  it("whoever has another provider proves it with that; someone new there is not the owner", async () => {
    const owner = someone();
    const first = await enterWith(protocol, "registration", owner, "globex");
    const { identityId } = accepted(await first.visitor.whoami());
    const account = someone({ email: owner.email });
    const { visitor, result, flow } = await enterWith(protocol, "login", account);
    const form = accepted(await visitor.login.get(result.form?.id ?? ""));
    if (flow.exchangeCode) initCodes.set(form.id, flow.exchangeCode);
    const stranger = await go(protocol, visitor, "login", form, someone(), "globex");
    expect(refused(stranger.answer).texts).toMatchObject([{ id: 4010009 }]);
    expect(await linksOf(server, identityId)).toEqual([`globex:${owner.sub}`]);
    accepted((await go(protocol, visitor, "login", form, owner, "globex")).answer);
    expect(await linksOf(server, identityId)).toEqual([`acme:${account.sub}`, `globex:${owner.sub}`]);
  });

  it("someone who was disabled is not signed in", async () => {
    const account = someone();
    const { visitor } = await enterWith(protocol, "registration", account);
    const { identityId } = accepted(await visitor.whoami());
    await server.sql("UPDATE identities SET state = 'inactive', version = version + 1 WHERE id = ?", [
      idBytes(identityId),
    ]);
    expect(refused((await enterWith(protocol, "login", account)).result.answer).texts).toMatchObject([{ id: 4010011 }]);
  });

  it("a provider that refuses leaves the form as it was", async () => {
    providers.acme.refuse("access_denied");
    const { result } = await enterWith(protocol, "login", someone());
    providers.acme.refuse(undefined);
    expect(refused(result.answer)).toMatchObject({
      texts: [{ node: "", id: 4000001, text: expect.stringContaining("denied") }],
    });
    expect(result.form?.kind).toBe("login");
  });

  it("an unknown provider is not found", async () => {
    const visitor = protocol.enter(server);
    const flow = await begin(protocol, visitor, "login");
    expect(refused(await visitor.login.update(flow.id, { method: "oidc", provider: "nobody" })).reason).toBe(
      "NOT_FOUND",
    );
  });
});

describe.each(protocols)("proving it again, through $name", (protocol) => {
  const enterOnce = async () => {
    const account = someone();
    const { visitor } = await enterWith(protocol, "registration", account);
    return { account, visitor, session: accepted(await visitor.whoami()) };
  };

  it("asks the provider for a sign-in of now, and takes nothing less", async () => {
    const { account, visitor, session } = await enterOnce();
    await ageSessions(server, session.identityId);
    const flow = await begin(protocol, visitor, "login", { refresh: "true" });
    expect(flow.nodes.filter(({ group }) => group === "oidc")).toMatchObject([{ value: "acme" }]);
    providers.acme.setAuthTime(Math.floor(Date.now() / 1000) - 600);
    const stale = await go(protocol, visitor, "login", flow, account);
    providers.acme.setAuthTime(undefined);
    expect(providers.acme.requests.at(-1)).toMatchObject({ prompt: "login", max_age: "0" });
    expect(refused(stale.answer).texts).toMatchObject([{ node: "", id: 4000001 }]);
    const again = await begin(protocol, visitor, "login", { refresh: "true" });
    accepted((await go(protocol, visitor, "login", again, account)).answer);
    const renewed = accepted(await visitor.whoami());
    expect(renewed).toMatchObject({
      id: session.id,
      methods: ["oidc", "oidc"],
      authenticatedAt: server.clock.now().getTime(),
    });
  });

  it("someone unknown at the provider signs nobody up while another is signed in", async () => {
    const { visitor, session } = await enterOnce();
    const flow = await begin(protocol, visitor, "login", { refresh: "true" });
    const result = await go(protocol, visitor, "login", flow, someone());
    expect(refused(result.answer).texts).toMatchObject([{ id: 4010009 }]);
    expect(accepted(await visitor.whoami()).id).toBe(session.id);
  });
});

describe("what a provider that may tells anew", () => {
  it("takes the place of the traits at each sign-in; another only at the first", async () => {
    for (const [provider, expected] of [
      ["globex", "Anna"],
      ["acme", "Ann"],
    ] as const) {
      const account = someone();
      await enterWith(nativeRest, "registration", account, provider);
      const { visitor } = await enterWith(nativeRest, "login", { ...account, given_name: "Anna" }, provider);
      expect(accepted(await visitor.whoami()).traits).toMatchObject({
        email: account.email,
        name: { first: expected },
      });
    }
  });

  it("is not taken when it belongs to someone else, and keeps nobody from signing in", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const account = someone();
    await enterWith(nativeRest, "registration", account, "globex");
    const { visitor } = await enterWith(nativeRest, "login", { ...account, email: person.email }, "globex");
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ email: account.email });
  });
});

describe("the tokens of a provider", () => {
  it("are kept encrypted, or not at all", async () => {
    for (const [provider, stored] of [
      ["acme", true],
      ["globex", false],
    ] as const) {
      const { visitor } = await enterWith(nativeRest, "registration", someone(), provider);
      const { identityId } = accepted(await visitor.whoami());
      const [row] = await server.sql<{ config: unknown }>(
        "SELECT config FROM identity_credentials WHERE identity_id = ? AND type = 'oidc'",
        [idBytes(identityId)],
      );
      const text = typeof row?.config === "string" ? row.config : JSON.stringify(row?.config);
      expect(text.includes("initial_id_token")).toBe(stored);
      expect(text).not.toMatch(/eyJ/);
    }
    expect(JSON.stringify(await everythingWritten(server))).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\.eyJ/);
  });
});

describe.each(nativeProtocols)("codes, through $name", (protocol) => {
  /** A flow whose browser is back with the other code. */
  const backAgain = async (account = someone()) => {
    const visitor = protocol.enter(server);
    const flow = await begin(protocol, visitor, "login");
    const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, account));
    return {
      visitor,
      flow,
      account,
      init: flow.exchangeCode ?? "",
      code: locationOf(back).searchParams.get("code") ?? "",
    };
  };

  it("are good once, together, and for the flow they were made for", async () => {
    const { visitor, init, code } = await backAgain();
    const other = await backAgain();
    const before = await everythingWritten(server);
    for (const [one, two] of [
      [init, "x"],
      ["x", code],
      [init, other.code],
      [other.init, code],
      [init, code.slice(0, -1) + (code.endsWith("A") ? "B" : "A")],
    ] as const)
      expect(refused(await visitor.exchange(one, two)).reason).toBe("NOT_FOUND");
    expect(refused(await visitor.exchange("", code))).toMatchObject({ reason: "INVALID_FIELD", field: "init_code" });
    expect(refused(await visitor.exchange(init, ""))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "return_to_code",
    });
    expect(await everythingWritten(server)).toEqual(before);
    expect(accepted(await visitor.exchange(init, code)).token).toMatch(/^ory_st_/);
    expect(refused(await protocol.enter(server).exchange(init, code)).reason).toBe("NOT_FOUND");
  });

  it("give one session however many ask for it at the same moment", async () => {
    const { init, code, account } = await backAgain();
    const answers = await Promise.all(Array.from({ length: 6 }, () => protocol.enter(server).exchange(init, code)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers.filter(({ ok }) => !ok)) expect(refused(answer).reason).toBe("NOT_FOUND");
    const rows = await server.sql(
      "SELECT identity_id FROM identity_identifiers WHERE type = 'oidc' AND identifier = ?",
      [`acme:${account.sub}`],
    );
    expect(rows).toHaveLength(1);
  });

  it("come too late after ten minutes", async () => {
    const { visitor, init, code } = await backAgain();
    server.clock.advance(10 * 60_000 + 1);
    expect(refused(await visitor.exchange(init, code)).reason).toBe("NOT_FOUND");
  });

  it("are still those of the app when its flow was replaced by a new one", async () => {
    const visitor = protocol.enter(server);
    const flow = await begin(protocol, visitor, "login");
    server.clock.advance(2 * 3_600_000);
    const expired = refused(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" }));
    const fresh = accepted(await visitor.login.get(expired.useFlowId ?? ""));
    const location = away(await visitor.login.update(fresh.id, { method: "oidc", provider: "acme" }));
    showRealTime(server);
    const back = await comeBack(await signInAt(providers.acme, location, someone()));
    accepted(await visitor.exchange(flow.exchangeCode ?? "", locationOf(back).searchParams.get("code") ?? ""));
  });

  it("lead nowhere that is not allowed", async () => {
    const refusal = refused(
      await protocol.enter(server).login.create({ ...withCode, return_to: "https://evil.example/" }),
    );
    expect(refusal.reason).toBe("RETURN_TO_FORBIDDEN");
  });
});

describe("a sign-in that someone else began", () => {
  it("does not sign in the browser that is led to its end", async () => {
    const attacker = spa.enter(server);
    const flow = await begin(spa, attacker, "login");
    const location = away(await attacker.login.update(flow.id, { method: "oidc", provider: "acme" }));
    const url = await signInAt(providers.acme, location, someone());
    const before = await everythingWritten(server);
    const victim = spa.enter(server);
    await begin(spa, victim, "login");
    expect(locationOf(await comeBack(url, victim)).href).toMatch(new RegExp(`^${ui.error}`));
    expect((await victim.whoami()).ok).toBe(false);
    expect(await everythingWritten(server)).toEqual(before);
  });

  it("does not begin while somebody else is signed in", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const stranger = spa.enter(server);
    const flow = await begin(spa, stranger, "login");
    const location = away(await stranger.login.update(flow.id, { method: "oidc", provider: "acme" }));
    const url = await signInAt(providers.acme, location, someone());
    accepted(await signIn(stranger, person));
    expect(locationOf(await comeBack(url, stranger)).href).toBe(ui.welcome);
    expect(accepted(await stranger.whoami()).identityId).toBe(person.id);
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
  });
});
