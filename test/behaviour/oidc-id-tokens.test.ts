import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { exportSPKI, importJWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { nativeProtocols, protocols } from "../protocols/protocols.ts";
import { away, comeBack, locationOf, stateOf } from "../protocols/providers.ts";
import { eventsOf, everythingWritten, linksOf } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";
import { type OpenidStub, startOpenidStub } from "../setup/openid-stub.ts";

let server: TestServer;
let stub: OpenidStub;
let overrides: JsonObject;
beforeAll(async () => {
  stub = await startOpenidStub("app");
  const provider = {
    id: "stub",
    provider: "generic",
    client_id: "app",
    client_secret: "a secret of the test",
    issuer_url: stub.issuer,
    additional_id_token_audiences: ["ios-app"],
    aal2_acr_values: ["two"],
    aal2_amr_values: ["mfa"],
    mapper: { traits: { email: "claims.email", age: "claims.raw_claims.age" } },
  };
  overrides = {
    selfservice: {
      methods: { oidc: { enabled: true, config: { providers: [provider] } } },
      flows: { registration: { after: { oidc: { hooks: [{ hook: "session" }] } } } },
    },
  };
  server = await startServer({ overrides });
});
afterAll(async () => {
  await server?.stop();
  await stub?.close();
});

const seconds = () => Math.floor(server.clock.now().getTime() / 1000);
const claimsOf = (more: JsonObject = {}): JsonObject => ({
  sub: randomUUID(),
  email: newEmail(),
  iat: seconds(),
  exp: seconds() + 600,
  ...more,
});
const sign = (claims: JsonObject) => stub.sign(claims);
const enter = async (visitor: Visitor, kind: "login" | "registration", parts: JsonObject) => {
  const flow = accepted(await visitor[kind].create());
  return visitor[kind].update(flow.id, { method: "oidc", provider: "stub", ...parts });
};

describe("an ID token that leads to another flow", () => {
  it("counts as one that begins it, however often it is brought", async () => {
    const limited = await startServer({ overrides: { ...overrides, limits: { flows: { per_network: 12 } } } });
    try {
      const { person } = await enterAsNewPerson(nativeRest, limited);
      const visitor = nativeRest.enter(limited);
      const nonce = await visitor.nonce();
      const token = await sign(claimsOf({ nonce, email: person.email }));
      const flow = accepted(await visitor.registration.create());
      const reasons: string[] = [];
      for (let n = 0; n < 14; n++) {
        const parts = { method: "oidc", provider: "stub", id_token: token, id_token_nonce: nonce };
        reasons.push(refused(await visitor.registration.update(flow.id, parts)).reason);
      }
      expect(new Set(reasons)).toEqual(new Set(["FORM_REJECTED", "RATE_LIMITED"]));
      const rows = await limited.sql<{ many: number }>("SELECT COUNT(*) AS many FROM flows");
      expect(Number(rows[0]?.many)).toBeLessThanOrEqual(12);
    } finally {
      await limited.stop();
    }
  });
});

describe("a provider that has seen two factors", () => {
  const aalOf = async ({ credentials }: Visitor) =>
    (await send(`${server.url}/sessions/whoami`, { headers: { "x-session-token": credentials.token } })).json
      .authenticator_assurance_level;
  const levelAfter = async (more: JsonObject) => {
    const visitor = nativeRest.enter(server);
    const claims = claimsOf(more);
    for (const kind of ["registration", "login"] as const) {
      const nonce = await visitor.nonce();
      visitor.credentials.token = undefined;
      accepted(await enter(visitor, kind, { id_token: await sign({ ...claims, nonce }), id_token_nonce: nonce }));
    }
    return aalOf(visitor);
  };

  it("makes a session of the second level by itself", async () => {
    expect(await levelAfter({ acr: "two" })).toBe("aal2");
    expect(await levelAfter({ amr: ["pwd", "mfa"] })).toBe("aal2");
    expect(await levelAfter({ acr: "one", amr: ["pwd"] })).toBe("aal1");
    expect(await levelAfter({})).toBe("aal1");
  });

  it("raises no session that it is only linked with", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const nonce = await visitor.nonce();
    const token = await sign(claimsOf({ nonce, acr: "two" }));
    accepted(await change(visitor, { method: "oidc", link: "stub", id_token: token, id_token_nonce: nonce }));
    expect(await aalOf(visitor)).toBe("aal1");
  });
});

describe.each(protocols)("an ID token that an app brings, through $name", (protocol) => {
  it("signs up, signs in, and links, with a nonce each", async () => {
    const claims = claimsOf();
    for (const kind of ["registration", "login"] as const) {
      const visitor = protocol.enter(server);
      const nonce = await visitor.nonce();
      accepted(await enter(visitor, kind, { id_token: await sign({ ...claims, nonce }), id_token_nonce: nonce }));
      expect(accepted(await visitor.whoami())).toMatchObject({ methods: ["oidc"], traits: { email: claims.email } });
    }
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const nonce = await visitor.nonce();
    const token = await sign(claimsOf({ nonce, aud: "ios-app" }));
    const done = accepted(
      await change(visitor, { method: "oidc", link: "stub", id_token: token, id_token_nonce: nonce }),
    );
    expect(done.flow).toMatchObject({ state: "success", active: "oidc" });
    expect(await linksOf(server, person.id)).toHaveLength(1);
    expect(await eventsOf(server, person.id)).toEqual(["provider.linked done stub"]);
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "oidc"]);
  });

  it("leads to the form when traits are missing, and the same token goes on from there", async () => {
    const visitor = protocol.enter(server);
    const nonce = await visitor.nonce();
    const parts = { id_token: await sign(claimsOf({ nonce, email: 7 })), id_token_nonce: nonce };
    const flow = accepted(await visitor.registration.create());
    const missing = refused(await visitor.registration.update(flow.id, { method: "oidc", provider: "stub", ...parts }));
    expect(missing).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "traits.email", id: 4000002 }] });
    accepted(
      await visitor.registration.update(flow.id, {
        method: "oidc",
        provider: "stub",
        traits: { email: newEmail() },
        ...parts,
      }),
    );
    expect(accepted(await visitor.whoami()).methods).toEqual(["oidc"]);
  });
});

describe.each(nativeProtocols)("an ID token that does not hold, through $name", (protocol) => {
  const unsigned = (header: JsonObject, claims: JsonObject) =>
    [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const kid = () => stub.publicKey.kid ?? "";
  const cases: Readonly<Record<string, (nonce: string) => Promise<string> | string>> = {
    "with alg none": (nonce) =>
      `${unsigned({ alg: "none" }, { ...claimsOf({ nonce }), iss: stub.issuer, aud: "app" })}.`,
    "with alg none and the signature of another": async (nonce) => {
      const claims = { ...claimsOf({ nonce }), iss: stub.issuer, aud: "app" };
      return `${unsigned({ alg: "none", kid: kid() }, claims)}.${(await sign(claimsOf())).split(".")[2]}`;
    },
    "signed by HS256 with the public key": async (nonce) => {
      const pem = await exportSPKI((await importJWK(stub.publicKey, "RS256")) as Parameters<typeof exportSPKI>[0]);
      return new SignJWT({ ...claimsOf({ nonce }), iss: stub.issuer, aud: "app" })
        .setProtectedHeader({ alg: "HS256", kid: kid() })
        .sign(Buffer.from(pem));
    },
    "whose signature was changed": async (nonce) => {
      const [header, , signature] = (await sign(claimsOf({ nonce }))).split(".");
      const claims = JSON.stringify({ ...claimsOf({ nonce }), iss: stub.issuer, aud: "app" });
      return `${header}.${Buffer.from(claims).toString("base64url")}.${signature}`;
    },
    "for another audience": (nonce) => sign(claimsOf({ nonce, aud: "another" })),
    "for several, of which another is authorised": (nonce) =>
      sign(claimsOf({ nonce, aud: ["app", "another"], azp: "another" })),
    "of another issuer": (nonce) => sign(claimsOf({ nonce, iss: "https://issuer.example" })),
    "that has expired": (nonce) => sign(claimsOf({ nonce, iat: seconds() - 7200, exp: seconds() - 3600 })),
    "without an end": (nonce) => stub.sign({ ...claimsOf({ nonce }), exp: undefined }),
    "of the future": (nonce) => sign(claimsOf({ nonce, iat: seconds() + 3600, exp: seconds() + 7200 })),
    "with another nonce": (nonce) => sign(claimsOf({ nonce: `${nonce}x` })),
    "without a nonce": () => sign(claimsOf()),
    "without a subject": (nonce) => stub.sign({ ...claimsOf({ nonce }), sub: undefined }),
    "with a number for a subject": (nonce) => sign(claimsOf({ nonce, sub: 7 })),
    "with an empty subject": (nonce) => sign(claimsOf({ nonce, sub: "" })),
    "with claims nested without end": (nonce) =>
      sign(claimsOf({ nonce, deep: JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) })),
    "that is none": () => "not.a.token",
    "of nothing but dots": () => "..",
  };

  it.each(Object.keys(cases))("%s is refused, and nothing is written", async (name) => {
    const { visitor: linking } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const nonce = await visitor.nonce();
    const parts = { id_token: (await cases[name]?.(nonce)) ?? "", id_token_nonce: nonce };
    const before = await everythingWritten(server);
    const answers = [
      await enter(visitor, "login", parts),
      await enter(visitor, "registration", parts),
      await change(linking, { method: "oidc", link: "stub", ...parts }),
    ];
    for (const answer of answers)
      expect(refused(answer)).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000001 }] });
    // That it was tried is an event of the person who tried to link.
    expect({ ...(await everythingWritten(server)), security_events: [] }).toEqual({ ...before, security_events: [] });
    expect(await server.sql("SELECT 1 FROM oidc_nonces WHERE digest = UNHEX(SHA2(?, 256))", [nonce])).toEqual([]);
  });

  it("with a nonce that is none of ours, too old, or used already is refused", async () => {
    const visitor = protocol.enter(server);
    const old = await visitor.nonce();
    server.clock.advance(10 * 60_000 + 1);
    for (const nonce of ["", "mine", old, `${await visitor.nonce()}A`])
      expect(
        refused(await enter(visitor, "login", { id_token: await sign(claimsOf({ nonce })), id_token_nonce: nonce })),
      ).toMatchObject({
        texts: [{ id: 4000001 }],
      });
    const nonce = await visitor.nonce();
    const token = await sign(claimsOf({ nonce }));
    accepted(await enter(visitor, "login", { id_token: token, id_token_nonce: nonce }));
    const thief = protocol.enter(server);
    const before = await everythingWritten(server);
    for (const again of [token, await sign(claimsOf({ nonce }))])
      expect(refused(await enter(thief, "login", { id_token: again, id_token_nonce: nonce }))).toMatchObject({
        texts: [{ id: 4000001 }],
      });
    expect(await everythingWritten(server)).toEqual(before);
  });
});

describe("one nonce for many at the same moment", () => {
  it("is good for one of them", async () => {
    const nonce = await nativeRest.enter(server).nonce();
    const parts = await Promise.all(
      Array.from({ length: 6 }, async () => ({ id_token: await sign(claimsOf({ nonce })), id_token_nonce: nonce })),
    );
    const answers = await Promise.all(parts.map((each) => enter(nativeRest.enter(server), "registration", each)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });
});

describe("a provider that answers what it should not", () => {
  it.each<readonly [string, (nonce: string) => Promise<JsonObject> | JsonObject]>([
    ["no ID token", () => ({ access_token: "x", token_type: "Bearer" })],
    [
      "an ID token of another nonce",
      async () => ({ access_token: "x", token_type: "Bearer", id_token: await sign(claimsOf({ nonce: "another" })) }),
    ],
    [
      "an ID token for someone else",
      async (nonce) => ({
        access_token: "x",
        token_type: "Bearer",
        id_token: await sign(claimsOf({ nonce, aud: "another" })),
      }),
    ],
    [
      "huge claims",
      async (nonce) => ({
        access_token: "x",
        token_type: "Bearer",
        id_token: await sign(claimsOf({ nonce, padding: "x".repeat(70_000) })),
      }),
    ],
    ["nothing of use", () => ({})],
    [
      "a subject of the wrong type",
      async (nonce) => ({
        access_token: "x",
        token_type: "Bearer",
        id_token: await sign(claimsOf({ nonce, sub: { a: 1 } })),
      }),
    ],
  ])("%s is a message of the form, and nothing is written", async (_, answer) => {
    const visitor = spa.enter(server);
    const flow = accepted(await visitor.login.create());
    const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "stub" }));
    stub.answer(await answer(new URL(location).searchParams.get("nonce") ?? ""));
    const before = await everythingWritten(server);
    const back = await comeBack(
      `${server.url}/self-service/methods/oidc/callback/stub?code=x&state=${stateOf(location)}`,
      visitor,
    );
    expect(locationOf(back).href).toBe(`${ui.login}?flow=${flow.id}`);
    expect(accepted(await visitor.login.get(flow.id)).texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect({ ...(await everythingWritten(server)), continuations: [] }).toEqual({ ...before, continuations: [] });
  });

  it("claims of the wrong type count as not there", async () => {
    const visitor = spa.enter(server);
    const flow = accepted(await visitor.registration.create());
    const location = away(await visitor.registration.update(flow.id, { method: "oidc", provider: "stub" }));
    const nonce = new URL(location).searchParams.get("nonce") ?? "";
    stub.answer({
      access_token: "x",
      token_type: "Bearer",
      id_token: await sign(claimsOf({ nonce, email: ["a@example.com"], age: { a: 1 } })),
    });
    await comeBack(`${server.url}/self-service/methods/oidc/callback/stub?code=x&state=${stateOf(location)}`, visitor);
    const shown = accepted(await visitor.registration.get(flow.id));
    expect(shown.texts.map(({ node, type }) => `${node} ${type}`).sort()).toEqual([
      "traits.age error",
      "traits.email error",
    ]);
  });
});
