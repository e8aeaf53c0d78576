import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols } from "../protocols/protocols.ts";
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
import { linksOf } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* What a provider sends is stored, and waits in flows until somebody has proven who they are: within bounds. */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  // The other provider's tokens are not stored, and all that it says is.
  providers = await startProviders(server, {
    store_tokens: false,
    mapper: {
      traits: { email: "claims.email" },
      verified_addresses: [{ via: "email", value: "claims.email" }],
      metadata_public: { name: "claims.name" },
      metadata_admin: { name: "claims.name" },
    },
  });
});
beforeEach(() => showRealTime(server));
afterEach(() => {
  providers.acme.padTokens(0);
  providers.globex.padTokens(0);
});
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

const TOO_LONG = 65_536;
const inRoom = 60_000;
const someone = (more: JsonObject = {}) => ({ sub: randomUUID(), email: newEmail(), email_verified: true, ...more });
const isLogged = (explain: RegExp) => server.logged.some((line) => explain.test(line));

describe.each(browserProtocols)("through $name", (protocol) => {
  /** Signs up by a provider. Gives the form that it ended at; undefined: there is an account. */
  const signUp = async (provider: ProviderId, account: JsonObject & { sub: string }) => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.registration.create());
    const location = away(await visitor.registration.update(flow.id, { method: "oidc", provider }));
    const { href, searchParams } = locationOf(
      await comeBack(await signInAt(providers[provider], location, account), visitor),
    );
    return href.startsWith(ui.registration)
      ? accepted(await visitor.registration.get(searchParams.get("flow") ?? ""))
      : undefined;
  };
  const countOf = async (sub: string): Promise<number> => {
    const [row] = await server.sql<{ n: number }>(
      "SELECT COUNT(*) AS n FROM identity_identifiers WHERE identifier LIKE ?",
      [`%:${sub}`],
    );
    return Number(row?.n);
  };
  const link = async (visitor: Visitor, provider: ProviderId) => {
    const flow = accepted(await visitor.settings.create());
    const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: provider }));
    await comeBack(await signInAt(providers[provider], location, someone()), visitor);
    return accepted(await visitor.settings.get(flow.id));
  };

  it("tokens that are too long to store end a sign-up at its form, and long ones do not", async () => {
    providers.acme.padTokens(TOO_LONG);
    const refused = someone();
    const form = await signUp("acme", refused);
    expect(form?.texts).toMatchObject([
      { node: "", id: 4000001, text: expect.stringContaining("more than can be stored") },
    ]);
    expect(await countOf(refused.sub)).toBe(0);
    expect(isLogged(/"reason":"tokens".*longer than 65536 characters/)).toBe(true);
    providers.acme.padTokens(inRoom);
    const taken = someone();
    expect(await signUp("acme", taken)).toBeUndefined();
    expect(await countOf(taken.sub)).toBe(1);
  });

  it("tokens that are too long to store are not linked, and those that are not stored may be", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    for (const provider of [providers.acme, providers.globex]) provider.padTokens(TOO_LONG);
    expect((await link(visitor, "acme")).texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect(await linksOf(server, person.id)).toEqual([]);
    await link(visitor, "globex");
    expect(await linksOf(server, person.id)).toEqual([expect.stringMatching(/^globex:/)]);
  });

  it("metadata that a mapper makes longer than is stored ends a sign-up at its form", async () => {
    const refused = someone({ name: "x".repeat(TOO_LONG / 2) });
    const form = await signUp("globex", refused);
    expect(form?.texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect(await countOf(refused.sub)).toBe(0);
    expect(isLogged(/metadata and verified addresses are longer than 65536 characters/)).toBe(true);
    const taken = someone({ name: "x".repeat(inRoom / 2) });
    expect(await signUp("globex", taken)).toBeUndefined();
    expect(await countOf(taken.sub)).toBe(1);
  });
});
