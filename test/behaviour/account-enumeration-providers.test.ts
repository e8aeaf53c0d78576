import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge, type Raw } from "../../src/config/tree.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { withCode } from "../protocols/linking.ts";
import { newEmail, newPassword, newPhone } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { nativeProtocols, protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { linksOf } from "../protocols/rows.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";
import { type OpenidStub, startOpenidStub } from "../setup/openid-stub.ts";

/*
 * Where accounts are hidden, whoever comes back from a provider learns of an address that the provider has not verified
 * no more than by signing up with a password: a code goes there first.
 */

const hidden: Raw = {
  security: { account_enumeration: { mitigate: true } },
  selfservice: { flows: { registration: { login_hints: true, after: { oidc: { hooks: [{ hook: "session" }] } } } } },
  // Nothing answers there: messages wait beside all requests.
  courier: { channels: [{ id: "sms", request_config: { url: "http://127.0.0.1:9/", method: "POST" } }] },
};

const waits: number[] = [];
let server: TestServer;
let providers: Providers;
let stub: OpenidStub;
beforeAll(async () => {
  server = await startServer({ wait: async (milliseconds) => void waits.push(milliseconds) });
  [providers, stub] = await Promise.all([startProviders(server), startOpenidStub("app")]);
  const { oidc } = (providers.overrides.selfservice as { methods: { oidc: { config: { providers: Raw[] } } } }).methods;
  const ofApps = {
    id: "stub",
    provider: "generic",
    client_id: "app",
    client_secret: "a secret of the test",
    issuer_url: stub.issuer,
    mapper: { traits: { email: "claims.email" } },
  };
  const all = { ...oidc, config: { providers: [...oidc.config.providers, ofApps] } };
  await server.restart(merge(merge(passwordless, hidden), { selfservice: { methods: { oidc: all } } }));
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await Promise.all([providers?.close(), stub?.close()]);
});

type Kind = "login" | "registration";
const kinds: readonly Kind[] = ["registration", "login"];

/** Somebody with an account. */
const someone = async (traits: JsonObject = {}): Promise<string> => {
  const email = newEmail();
  accepted(await signUpWithCode(server, nativeRest.enter(server), { email, ...traits }));
  return email;
};

/** Where somebody has ended who came back from a provider: in a session, or at a form. */
interface CameBack {
  readonly visitor: Visitor;
  readonly form: { readonly kind: Kind; readonly id: string } | undefined;
}

const goBack = async (
  protocol: Protocol,
  kind: Kind,
  account: { readonly sub: string } & JsonObject,
  traits?: JsonObject,
): Promise<CameBack> => {
  const visitor = protocol.enter(server);
  const isNative = protocol.family === "native";
  const flow = accepted(await visitor[kind].create(isNative ? withCode : {}));
  const submission = { method: "oidc", provider: "acme", ...(traits && { traits }) };
  const location = away(await visitor[kind].update(flow.id, submission));
  const back = await signInAt(providers.acme, location, account);
  waits.length = 0;
  const { href, searchParams } = locationOf(await comeBack(back, isNative ? undefined : visitor));
  if (isNative) {
    const answer = await visitor.exchange(flow.exchangeCode ?? "", searchParams.get("code") ?? "");
    return { visitor, form: answer.ok ? undefined : (answer.form as CameBack["form"]) };
  }
  const page = kinds.find((each) => href.startsWith(ui[each]));
  return { visitor, form: page && { kind: page, id: searchParams.get("flow") ?? "" } };
};

/** What the form shows, with the address that it is about left out. */
const shown = async ({ visitor, form }: CameBack, address: string) => {
  const { state, active, texts, nodes } = accepted(await visitor[form?.kind ?? "login"].get(form?.id ?? ""));
  const fields = nodes.filter(({ name }) => name !== "csrf_token");
  const page = { kind: form?.kind, state, active, texts, fields };
  return JSON.parse(JSON.stringify(page).replaceAll(address, "<address>")) as typeof page;
};

const unverified = (email: string) => ({ sub: randomUUID(), email, email_verified: false, given_name: "Ann" });
const verified = (email: string) => ({ ...unverified(email), email_verified: true });
const waitsForCode = { kind: "registration", state: "sent_email", active: "code", texts: [{ node: "", id: 1040005 }] };

describe.each(protocols)("through $name", (protocol) => {
  it.each(kinds)(
    "an address that the provider has not verified is answered the same from the %s form, whoever has it",
    async (kind) => {
      const [known, unknown] = [await someone(), newEmail()];
      const ofKnown = await goBack(protocol, kind, unverified(known));
      expect(waits).toHaveLength(1);
      const ofUnknown = await goBack(protocol, kind, unverified(unknown));
      expect(waits).toHaveLength(1);
      expect(await shown(ofUnknown, unknown)).toMatchObject(waitsForCode);
      expect(await shown(ofKnown, known)).toEqual(await shown(ofUnknown, unknown));
      expect((await messagesTo(server, known)).at(-1)).toMatchObject({
        template: "registration_code_invalid",
        code: "",
      });
      expect(await messagesTo(server, unknown)).toMatchObject([{ template: "registration_code_valid" }]);
    },
  );

  it("the account is there once the code came back, with the link, the session, and the proven address", async () => {
    const [email, typed] = [newEmail(), newEmail()];
    const account = verified(email);
    const { visitor, form } = await goBack(protocol, "registration", account, { email: typed });
    refused(await visitor.whoami());
    const submission = { method: "code", code: await lastCodeTo(server, typed) };
    accepted(await visitor.registration.update(form?.id ?? "", submission));
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({ methods: ["oidc"], traits: { email: typed, name: { first: "Ann" } } });
    expect(await linksOf(server, session.identityId)).toEqual([`acme:${account.sub}`]);
    // What the provider has verified was told nothing: it is nobody's.
    expect(await messagesTo(server, email)).toEqual([]);
    const again = await goBack(protocol, "login", account);
    expect(again.form).toBeUndefined();
    expect(accepted(await again.visitor.whoami()).identityId).toBe(session.identityId);
  });

  it("an address that the provider has verified is signed up at once, or shown to have an account", async () => {
    const [known, unknown] = [await someone(), newEmail()];
    const signedUp = await goBack(protocol, "registration", verified(unknown));
    expect(accepted(await signedUp.visitor.whoami()).traits).toMatchObject({ email: unknown });
    expect(await messagesTo(server, unknown)).toEqual([]);
    const met = await goBack(protocol, "registration", verified(known));
    expect(await shown(met, known)).toMatchObject({ kind: "login", texts: [{ id: 1010016 }] });
  });
});

it.each([nativeRest, spa])("through $name the form is that of a sign-up by a password", async (protocol) => {
  const [email, other] = [newEmail(), newEmail()];
  const byProvider = await goBack(protocol, "registration", unverified(email));
  const visitor = protocol.enter(server);
  const { id } = accepted(await visitor.registration.create());
  const traits = { email: other, name: { first: "Ann" } };
  refused(await visitor.registration.update(id, { method: "password", password: newPassword(), traits }));
  const byPassword: CameBack = { visitor, form: { kind: "registration", id } };
  expect(await shown(byProvider, email)).toEqual(await shown(byPassword, other));
});

describe("of several identifiers", () => {
  /** Nobody has a password here: only a form without hints asks for one. */
  const offersPasswords = ({ fields }: Awaited<ReturnType<typeof shown>>) =>
    fields.some(({ group }) => group === "password");
  const typePhone = (phone: string, email: string) => goBack(spa, "registration", verified(email), { phone });

  it("one that nobody has proven is hidden, and whoever is known for another is told nothing of it", async () => {
    const [known, unknown] = [newPhone(), newPhone()];
    await someone({ phone: known });
    const [email, other] = [newEmail(), newEmail()];
    const [ofKnown, ofUnknown] = [await typePhone(known, email), await typePhone(unknown, other)];
    const [one, two] = [await shown(ofKnown, known), await shown(ofUnknown, unknown)];
    expect(JSON.stringify(one).replaceAll(email, other)).toEqual(JSON.stringify(two));
    expect(two).toMatchObject(waitsForCode);
    expect([await messagesTo(server, email), await messagesTo(server, other)]).toEqual([[], []]);
    expect(await messagesTo(server, unknown)).toMatchObject([{ template: "registration_code_valid" }]);
  });

  it("one that a provider has verified leads to its account, whatever is known of the others", async () => {
    const [known, email] = [newPhone(), await someone()];
    await someone({ phone: known });
    for (const phone of [known, newPhone()]) {
      const met = await shown(await typePhone(phone, email), phone);
      expect(met).toMatchObject({ kind: "login", texts: [{ id: 1010016 }] });
      expect(JSON.stringify(met.texts)).toContain(email);
      expect(offersPasswords(met)).toBe(false);
    }
  });

  it("a user name that somebody has is told without hints of theirs, whatever is known of the address", async () => {
    const nickname = newEmail().slice(1, 12);
    const known = await someone({ nickname });
    const meet = async (email: string) =>
      shown(await goBack(spa, "registration", unverified(email), { nickname }), email);
    const [ofKnown, ofUnknown] = [await meet(known), await meet(newEmail())];
    expect(ofKnown).toMatchObject({ kind: "login", texts: [{ id: 1010016 }] });
    expect(ofKnown).toEqual(ofUnknown);
    expect(offersPasswords(ofKnown)).toBe(true);
  });
});

it("as much is written for an address that somebody has as for one that nobody has", async () => {
  const tables = ["courier_messages", "flows", "continuations", "identities", "identity_credentials"];
  const count = async () => {
    const rows = await Promise.all(
      tables.map((table) => server.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`)),
    );
    return rows.map(([row]) => Number(row?.n));
  };
  const cost = async (email: string, kind: Kind) => {
    const before = await count();
    await goBack(spa, kind, unverified(email));
    return (await count()).map((after, index) => after - (before[index] ?? 0));
  };
  const known = await someone();
  expect(await cost(known, "registration")).toEqual(await cost(newEmail(), "registration"));
  expect(await cost(known, "login")).toEqual(await cost(newEmail(), "login"));
});

it("the answer of the provider is used up by the form that asks for a code", async () => {
  for (const email of [await someone(), newEmail()]) {
    const visitor = spa.enter(server);
    const { id } = accepted(await visitor.registration.create());
    const location = away(await visitor.registration.update(id, { method: "oidc", provider: "acme" }));
    const back = await signInAt(providers.acme, location, unverified(email));
    expect(locationOf(await comeBack(back, visitor)).href).toContain(ui.registration);
    const messages = (await messagesTo(server, email)).length;
    expect(locationOf(await comeBack(back, visitor)).href).toContain(ui.error);
    expect(await messagesTo(server, email)).toHaveLength(messages);
  }
});

it("the codes of an app are used up by it as well", async () => {
  for (const email of [await someone(), newEmail()]) {
    const visitor = nativeRest.enter(server);
    const { id, exchangeCode = "" } = accepted(await visitor.registration.create(withCode));
    const location = away(await visitor.registration.update(id, { method: "oidc", provider: "acme" }));
    const back = await comeBack(await signInAt(providers.acme, location, unverified(email)));
    const exchange = () => visitor.exchange(exchangeCode, locationOf(back).searchParams.get("code") ?? "");
    expect(refused(await exchange()).texts).toMatchObject([{ id: 1040005 }]);
    expect(refused(await exchange()).reason).toBe("NOT_FOUND");
  }
});

it("a link that waits for a code is in no row in the clear", async () => {
  const account = unverified(newEmail());
  await goBack(spa, "registration", account);
  const rows = JSON.stringify(await server.sql("SELECT form, context FROM flows"));
  expect(rows.includes(account.sub)).toBe(false);
});

describe.each(nativeProtocols)("an ID token that an app brings, through $name", (protocol) => {
  const bring = async (email: string, visitor: Visitor, token?: { nonce: string; text: string }) => {
    const nonce = token?.nonce ?? (await visitor.nonce());
    const text = token?.text ?? (await stub.sign({ sub: randomUUID(), email, nonce }));
    const { id } = accepted(await visitor.registration.create());
    const parts = { method: "oidc", provider: "stub", id_token: text, id_token_nonce: nonce };
    const answer = refused(await visitor.registration.update(id, parts));
    return { id, nonce, text, texts: answer.texts.map((each) => each.id) };
  };

  it("is used up by the form that asks for a code, whoever has the address", async () => {
    const visitor = protocol.enter(server);
    for (const email of [await someone(), newEmail()]) {
      const first = await bring(email, visitor);
      expect(first.texts).toEqual([1040005]);
      const messages = (await messagesTo(server, email)).length;
      expect((await bring(email, visitor, first)).texts).toEqual([4000001]);
      expect(await messagesTo(server, email)).toHaveLength(messages);
    }
  });
});
