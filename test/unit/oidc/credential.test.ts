import { afterAll, describe, expect, it } from "vitest";
import { apply } from "../../../src/identity/apply.ts";
import type { CredentialChange, IdentityRecord, Secret } from "../../../src/identity/identity.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import {
  createOidcCredential,
  identifierOf,
  link,
  linksOf,
  OIDC,
  revealTokens,
  unlink,
} from "../../../src/methods/oidc/credential.ts";
import {
  cannotLink,
  cannotUnlink,
  confirmLinkMessage,
  lastFirstFactor,
  messages,
  refusalMessage,
} from "../../../src/methods/oidc/messages.ts";
import { createProviderNodes } from "../../../src/methods/oidc/nodes.ts";
import { createProviderFetch } from "../../../src/methods/oidc/provider-fetch.ts";
import { createProviders, redirectUriOf } from "../../../src/methods/oidc/providers.ts";
import { mayLink, mustStayLinked } from "../../../src/methods/oidc/rules.ts";
import { uiText } from "../../../src/ui/messages.ts";
import { nodeId } from "../../../src/ui/node.ts";
import { makeConfig } from "./make-provider.ts";

const aead = createAead({ algorithm: "xchacha20-poly1305", keys: ["a-key-of-the-test"] });
const tokens = { idToken: "id.token", accessToken: "access-token", refreshToken: "refresh-token" };
const now = new Date("2030-01-01T00:00:00Z");
const person: IdentityRecord = {
  id: "0190f5b0-0000-7000-8000-000000000001",
  externalId: undefined,
  schemaId: "default",
  state: "active",
  stateChangedAt: now,
  traits: { email: "ann@example.com" },
  verifiable: [],
  recovery: [],
  credentials: { password: { identifiers: ["ann@example.com"], set: true, facts: {} } },
  metadataPublic: null,
  metadataAdmin: null,
  organizationId: undefined,
  version: 1,
  createdAt: now,
  updatedAt: now,
};
const stored = ({ config }: CredentialChange): Secret => ({ version: 1, config: config ?? {} });
const changed = (change: CredentialChange, before = person) =>
  apply(before, { credentials: [change] }, { now, newId: () => "" });
const credential = createOidcCredential((id) => id !== "gone");
const count = (identity: IdentityRecord) => credential.factors(identity).length;

describe("the credential", () => {
  const first = link(undefined, { provider: "acme", subject: "42", tokens }, aead);
  const second = link(stored(first), { provider: "globex", subject: "7", tokens: undefined }, aead);

  it("is known by provider and subject, and by nothing else", () => {
    expect(second.identifiers).toEqual(["acme:42", "globex:7"]);
    expect(second.facts).toEqual({
      providers: [
        { provider: "acme", subject: "42" },
        { provider: "globex", subject: "7" },
      ],
    });
    expect(linksOf(changed(second)).map(identifierOf)).toEqual(["acme:42", "globex:7"]);
    expect(changed(second).traits).toEqual(person.traits);
  });

  it("keeps the provider's tokens encrypted, each in its own place, or not at all", () => {
    const stored = JSON.stringify(second.config);
    for (const token of Object.values(tokens)) expect(stored).not.toContain(token);
    expect(JSON.stringify(second.facts)).not.toContain("token");
    expect(revealTokens(second.config ?? {}, aead)).toEqual({
      providers: [
        {
          provider: "acme",
          subject: "42",
          initial_id_token: "id.token",
          initial_access_token: "access-token",
          initial_refresh_token: "refresh-token",
        },
        { provider: "globex", subject: "7", initial_id_token: "", initial_access_token: "", initial_refresh_token: "" },
      ],
    });
    const [moved] = (
      JSON.parse(JSON.stringify(second.config)) as { readonly providers: readonly Record<string, string>[] }
    ).providers;
    expect(revealTokens({ providers: [{ ...moved, subject: "43" }] }, aead)).toMatchObject({
      providers: [{ initial_access_token: "" }],
    });
    expect(revealTokens(second.config ?? {}, createAead({ algorithm: "aes", keys: ["another-key"] }))).toMatchObject({
      providers: [{ initial_access_token: "" }, {}],
    });
  });

  it("loses the links that are named, and stays when none is left", () => {
    const third = link(stored(second), { provider: "acme", subject: "43", tokens: undefined }, aead);
    const [one, other] = [
      { provider: "acme", subject: "42" },
      { provider: "acme", subject: "43" },
    ];
    expect(unlink(stored(third), [one, other]).identifiers).toEqual(["globex:7"]);
    expect(unlink(stored(third), [other]).identifiers).toEqual(["acme:42", "globex:7"]);
    const none = unlink(stored(first), [one]);
    expect(none).toEqual({
      type: OIDC,
      config: { providers: [] },
      facts: { providers: [] },
      identifiers: [],
      replaces: 1,
    });
    expect(count(changed(none, changed(first)))).toBe(0);
  });

  it("is a way in for each provider that there is and that is no organization's", () => {
    expect(count(person)).toBe(0);
    expect(count(changed(second))).toBe(2);
    expect(count(changed(link(stored(second), { provider: "gone", subject: "1", tokens: undefined }, aead)))).toBe(2);
    expect(
      count(
        changed(link(stored(second), { provider: "corp", subject: "1", organization: "x", tokens: undefined }, aead)),
      ),
    ).toBe(2);
  });

  it("reads what it does not know as nothing", () => {
    for (const facts of [{}, { providers: null }, { providers: [null, 7, { provider: "acme" }] }]) {
      expect(linksOf({ credentials: { [OIDC]: { identifiers: [], set: true, facts } } })).toEqual([]);
      expect(unlink({ version: 1, config: facts as never }, [{ provider: "acme", subject: "42" }]).identifiers).toEqual(
        [],
      );
    }
  });
});

describe("the buttons", () => {
  const config = {
    base_redirect_uri: undefined,
    providers: [
      makeConfig({ label: "Acme" }),
      makeConfig({ id: "globex" }),
      makeConfig({ id: "corp", organization_id: "x" }),
    ],
  };
  const providers = createProviders({
    config,
    publicUrl: "https://id.example.com/",
    fetch: createProviderFetch(),
    clock: systemClock,
  });
  afterAll(() => providers.close());
  const nodes = createProviderNodes(providers.open);
  const look = (list: ReturnType<typeof nodes.login>) =>
    list.map((node) => [
      nodeId(node),
      node.attributes?.kind.case === "input" ? node.attributes.kind.value.value?.kind.value : undefined,
      node.meta?.label?.id,
      node.meta?.label?.context,
    ]);

  const linked = (...ids: readonly string[]) => ids.map((provider) => ({ provider, subject: "ann" }));

  it("unlink, with since when and as whom, where that is known", () => {
    const links = [{ provider: "acme", subject: "ann", linked_at: "2030-01-31T09:30:00Z", account: "ann@example.com" }];
    expect(look(nodes.settings({ links, mayUnlink: true }))[0]).toEqual([
      "unlink",
      "acme",
      1050003,
      { provider: "Acme", linked_at: "2030-01-31T09:30:00Z", account: "ann@example.com" },
    ]);
  });

  it("link and unlink, as recorded", () => {
    expect(look(nodes.settings({ links: linked("acme"), mayUnlink: true }))).toEqual([
      ["unlink", "acme", 1050003, { provider: "Acme" }],
      ["link", "globex", 1050002, { provider: "globex" }],
    ]);
    expect(look(nodes.settings({ links: linked("acme", "gone"), mayUnlink: false }))).toEqual([
      ["link", "globex", 1050002, { provider: "globex" }],
    ]);
  });

  it("sign in, sign up, confirm and go on, as recorded", () => {
    expect(look(nodes.login())).toEqual([
      ["provider", "acme", 1010002, { provider: "Acme", provider_id: "acme" }],
      ["provider", "globex", 1010002, { provider: "globex", provider_id: "globex" }],
    ]);
    expect(look(nodes.login(new Set(["acme"])))).toHaveLength(1);
    expect(look(nodes.registration()).map((row) => row[2])).toEqual([1040002, 1040002]);
    expect(look(nodes.linkAccount("acme"))).toEqual([["provider", "globex", 1010018, { provider: "globex" }]]);
    expect(look(nodes.continueRegistration("acme"))).toEqual([["provider", "acme", 1040003, undefined]]);
  });

  it("send people back to an address of their own, or with PKCE forced to a common one", () => {
    expect(providers.get("acme")?.redirectUri).toBe("https://id.example.com/self-service/methods/oidc/callback/acme");
    expect(redirectUriOf({ id: "acme", pkce: "force" }, "https://id.example.com")).toBe(
      "https://id.example.com/self-service/methods/oidc/callback",
    );
    expect(providers.get("nobody")).toBeUndefined();
  });
});

describe("what may be done to links", () => {
  const config = {
    base_redirect_uri: undefined,
    providers: [makeConfig(), makeConfig({ id: "globex" }), makeConfig({ id: "corp", organization_id: "x" })],
  };
  const providers = createProviders({
    config,
    publicUrl: "https://id.example.com/",
    fetch: createProviderFetch(),
    clock: systemClock,
  });
  afterAll(() => providers.close());
  const linked = changed(link(undefined, { provider: "acme", subject: "42", tokens: undefined }, aead));

  it("a provider that is unknown, linked already or another organization's is refused in the same words", () => {
    const refusals = ["nobody", "acme", "corp", "__proto__", ""].map((id) => mayLink(providers, linked, id));
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
    expect(refusals[0]).toEqual({ kind: "forbidden", message: cannotLink() });
    expect(mayLink(providers, linked, "globex")).toMatchObject({ kind: "provider", provider: { id: "globex" } });
  });

  it("the last way in stays, which is said before anything else", () => {
    expect(mustStayLinked(providers, linked, "nobody", 1)).toEqual({ kind: "forbidden", message: lastFirstFactor() });
    expect(mustStayLinked(providers, linked, "acme", 1)).toEqual({ kind: "forbidden", message: lastFirstFactor() });
    expect(mustStayLinked(providers, linked, "globex", 2)).toEqual({ kind: "forbidden", message: cannotUnlink() });
    expect(mustStayLinked(providers, linked, "acme", 2)).toBeUndefined();
  });

  it("several accounts of one provider are one way in when it goes", () => {
    const twice = changed(
      link(
        { version: 1, config: { providers: [{ provider: "acme", subject: "1" }] } },
        { provider: "acme", subject: "2", tokens: undefined },
        aead,
      ),
    );
    expect(mustStayLinked(providers, twice, "acme", 2)).toEqual({ kind: "forbidden", message: lastFirstFactor() });
    expect(mustStayLinked(providers, twice, "acme", 3)).toBeUndefined();
  });
});

describe("the messages", () => {
  it("have their contexts as recorded", () => {
    expect(uiText(messages.link, { provider: "Acme" })).toMatchObject({ id: 1050002, text: "Link Acme" });
    expect(uiText(messages.unlink, { provider: "Acme" })).toMatchObject({ id: 1050003, text: "Unlink Acme" });
    expect(
      confirmLinkMessage({
        provider: "Acme",
        newLoginUrl: "http://127.0.0.1:4455/login",
        duplicateIdentifier: "ann@example.com",
        availableProviders: [],
        availableCredentialTypes: [],
      }),
    ).toMatchObject({
      id: 1010016,
      context: {
        provider: "Acme",
        newLoginUrl: "http://127.0.0.1:4455/login",
        new_login_url: "http://127.0.0.1:4455/login",
        available_providers: [],
        duplicateIdentifier: "ann@example.com",
        duplicate_identifier: "ann@example.com",
        available_credential_types: [],
      },
    });
    for (const message of [cannotLink(), cannotUnlink(), refusalMessage("denied")])
      expect(message.text).toMatchObject({ id: 4000001, context: { reason: message.text.text } });
  });
});
