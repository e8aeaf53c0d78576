import { createHmac, createPublicKey, createSign, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readClaims } from "../../../src/methods/oidc/claims.ts";
import type { ProviderClient } from "../../../src/methods/oidc/client.ts";
import { type OpenidProvider, startOpenidProvider } from "../../setup/openid-provider.ts";
import { type OpenidStub, startOpenidStub } from "../../setup/openid-stub.ts";
import { callback, makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

const NONCE = "nonce-of-the-server";
let stub: OpenidStub;
let client: ProviderClient;
const now = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  stub = await startOpenidStub("client");
  client = makeClient(makeConfig({ issuer_url: stub.issuer, additional_id_token_audiences: ["ios-app"] }));
});
afterAll(() => stub.close());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const standard = () => ({
  iss: stub.issuer,
  aud: "client",
  sub: "someone",
  iat: now(),
  exp: now() + 600,
  nonce: NONCE,
});

describe("an ID token that an app brings", () => {
  it("tells who the person is, when everything in it is right", async () => {
    const token = await stub.sign({ nonce: NONCE, email: "ann@example.com", email_verified: "true" });
    expect(await client.completeNative(token, NONCE)).toMatchObject({
      kind: "completed",
      claims: { sub: "someone", iss: stub.issuer, standard: { email: "ann@example.com", email_verified: true } },
      tokens: { idToken: token, accessToken: undefined },
    });
  });

  it("may be for one of the apps that the configuration names", async () => {
    expect((await client.completeNative(await stub.sign({ nonce: NONCE, aud: "ios-app" }), NONCE)).kind).toBe(
      "completed",
    );
    expect(
      (await client.completeNative(await stub.sign({ nonce: NONCE, aud: ["client"], azp: "ios-app" }), NONCE)).kind,
    ).toBe("completed");
  });

  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ["another audience", { aud: "someone-else" }, "audience"],
    ["no audience", { aud: undefined }, "audience"],
    ["an audience of the wrong type", { aud: { client: true } }, "audience"],
    ["our audience beside one of the wrong type", { aud: ["client", 7], azp: "client" }, "audience"],
    ["another authorised party", { azp: "someone-else" }, "audience"],
    ["an authorised party of the wrong type", { azp: 7 }, "audience"],
    ["several audiences and no authorised party", { aud: ["client", "someone-else"] }, "audience"],
    ["another issuer", { iss: "https://id.example.com" }, "issuer"],
    ["an issuer of the wrong type", { iss: [] }, "issuer"],
    ["an issuer that only begins alike", { iss: "ISSUER/evil" }, "issuer"],
    ["no issuer", { iss: undefined }, "issuer"],
    ["expired", { exp: now() - 61 }, "expired"],
    ["no expiry", { exp: undefined }, "malformed"],
    ["an expiry of the wrong type", { exp: "tomorrow" }, "malformed"],
    ["issued in the future", { iat: now() + 120 }, "issued_at"],
    ["no time of issue", { iat: undefined }, "malformed"],
    ["a time of issue of the wrong type", { iat: "today" }, "malformed"],
    ["a start of validity of the wrong type", { nbf: "now" }, "issued_at"],
    ["not valid before later", { nbf: now() + 120 }, "issued_at"],
    ["another nonce", { nonce: "another" }, "nonce"],
    ["no nonce", { nonce: undefined }, "nonce"],
    ["a nonce of the wrong type", { nonce: [NONCE] }, "nonce"],
    ["no subject", { sub: undefined }, "claims"],
    ["an empty subject", { sub: "" }, "claims"],
    ["a subject of the wrong type", { sub: 7 }, "claims"],
    ["a subject with white space around it", { sub: "someone " }, "claims"],
    ["a subject that is too long", { sub: "x".repeat(256) }, "claims"],
    ["huge claims", { groups: Array.from({ length: 9000 }, (_, index) => `g${index}`) }, "malformed"],
    ["claims nested without end", { nested: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) }, "claims"],
  ];
  it.each(cases)("is refused: %s", async (_, claims, reason) => {
    const filled = claims.iss === "ISSUER/evil" ? { ...claims, iss: `${stub.issuer}/evil` } : claims;
    expect(await client.completeNative(await stub.sign({ nonce: NONCE, ...filled }), NONCE)).toMatchObject({
      kind: "refused",
      reason,
    });
  });

  it("may be a minute off", async () => {
    expect(
      (await client.completeNative(await stub.sign({ nonce: NONCE, exp: now() - 30, iat: now() - 600 }), NONCE)).kind,
    ).toBe("completed");
    expect((await client.completeNative(await stub.sign({ nonce: NONCE, iat: now() + 30 }), NONCE)).kind).toBe(
      "completed",
    );
  });

  it("is refused without a signature", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      expect(await client.completeNative(`${encode({ alg, typ: "JWT" })}.${encode(standard())}.`, NONCE)).toMatchObject(
        { reason: "algorithm" },
      );
    }
  });

  it("is refused when it is signed with the public key as a shared secret, or with the client's", async () => {
    const head = `${encode({ alg: "HS256", kid: stub.publicKey.kid })}.${encode(standard())}`;
    const pem = createPublicKey({ key: stub.publicKey as JsonWebKey, format: "jwk" }).export({
      type: "spki",
      format: "pem",
    });
    for (const secret of [pem, JSON.stringify(stub.publicKey), "a-secret-of-the-test"]) {
      const signature = createHmac("sha256", secret).update(head).digest("base64url");
      expect(await client.completeNative(`${head}.${signature}`, NONCE)).toMatchObject({ reason: "algorithm" });
    }
  });

  it("is refused when it brings its own key, or says that it must be read in another way", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = publicKey.export({ format: "jwk" });
    for (const header of [
      { alg: "RS256", jwk },
      { alg: "RS256", kid: stub.publicKey.kid, jwk },
      { alg: "RS256", jku: `${stub.issuer}/evil`, kid: "evil" },
    ]) {
      const head = `${encode(header)}.${encode(standard())}`;
      const token = `${head}.${createSign("RSA-SHA256").update(head).sign(privateKey).toString("base64url")}`;
      expect(await client.completeNative(token, NONCE)).toMatchObject({ reason: "signature" });
    }
    expect(stub.asked("/evil")).toBe(0);
    const header = encode({ alg: "RS256", kid: stub.publicKey.kid, crit: ["x"], x: 1 });
    const critical = `${header}.${encode(standard())}.${Buffer.alloc(256).toString("base64url")}`;
    expect(await client.completeNative(critical, NONCE)).toMatchObject({ reason: "signature" });
  });

  it("is refused when a part was changed, or it is no token", async () => {
    const token = await stub.sign({ nonce: NONCE });
    const [head = "", , signature = ""] = token.split(".");
    expect(
      await client.completeNative(`${head}.${encode({ ...standard(), sub: "someone-else" })}.${signature}`, NONCE),
    ).toMatchObject({ reason: "signature" });
    expect(await client.completeNative(`${token}.${signature}.${signature}`, NONCE)).toMatchObject({
      reason: "malformed",
    });
    for (const text of ["", "x", "a.b", "a.b.c", "....", `${head}..${signature}`, "x".repeat(100_000)]) {
      expect(await client.completeNative(text, NONCE)).toMatchObject({ kind: "refused" });
    }
  });

  it("does not send keys being looked for over and over by keys that do not exist", async () => {
    const config = makeConfig({ issuer_url: stub.issuer });
    const patient = makeClient(config, {}, 60_000);
    await patient.completeNative(await stub.sign({ nonce: NONCE }), NONCE);
    const before = stub.asked("/jwks");
    await Promise.all(
      Array.from({ length: 20 }, async () =>
        patient.completeNative(await stub.sign({ nonce: NONCE }, { kid: "unknown" }), NONCE),
      ),
    );
    expect(stub.asked("/jwks") - before).toBeLessThan(3);
  });
});

describe("a token endpoint that answers wrongly", () => {
  const complete = async (body: Readonly<Record<string, unknown>>, status?: number) => {
    stub.answer(body, status);
    const authorization = makeAuthorizationState();
    return client.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization);
  };

  it("is refused without an ID token", async () => {
    expect(await complete({ access_token: "x", token_type: "bearer" })).toMatchObject({ reason: "no_id_token" });
  });

  it("is refused with an ID token that is not signed as it should be", async () => {
    const authorization = makeAuthorizationState();
    stub.answer({
      access_token: "x",
      token_type: "bearer",
      id_token: `${encode({ alg: "none" })}.${encode({ ...standard(), nonce: authorization.nonce })}.`,
    });
    expect(
      await client.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ kind: "refused", reason: "algorithm" });
    const header = encode({ alg: "RS256", kid: stub.publicKey.kid });
    const claims = encode({ ...standard(), nonce: authorization.nonce });
    const forged = `${header}.${claims}.${Buffer.alloc(256).toString("base64url")}`;
    stub.answer({ access_token: "x", token_type: "bearer", id_token: forged });
    expect(
      await client.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ kind: "refused", reason: "signature" });
  });

  it("is refused with an ID token for another app, even one whose own tokens are taken", async () => {
    const authorization = makeAuthorizationState();
    stub.answer({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({ aud: "ios-app", nonce: authorization.nonce }),
    });
    expect(
      await client.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ kind: "refused", reason: "audience" });
  });

  it("is refused with something else than JSON, and with a server error", async () => {
    expect(await complete({}, 200)).toMatchObject({ kind: "refused" });
    expect(await complete({}, 500)).toMatchObject({ reason: "unavailable" });
    stub.answerAt("/token", "<html>", 200);
    const authorization = makeAuthorizationState();
    expect(
      await client.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ reason: "unavailable" });
  });

  it("is refused with an answer without end", async () => {
    expect(await complete({ access_token: "x".repeat(2_000_000) })).toMatchObject({ reason: "unavailable" });
  });

  it("is asked once: a code is good once", async () => {
    const before = stub.asked("/token");
    await complete({}, 503);
    expect(stub.asked("/token") - before).toBe(1);
  });

  it("must tell the same person at the userinfo endpoint", async () => {
    const reader = makeClient(makeConfig({ issuer_url: stub.issuer, claims_source: "userinfo" }));
    const authorization = makeAuthorizationState();
    stub.answer({ access_token: "x", token_type: "bearer", id_token: await stub.sign({ nonce: authorization.nonce }) });
    stub.answerAt("/me", { sub: "someone-else", email: "bob@example.com" });
    expect(
      await reader.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ kind: "refused" });
  });
});

describe("what is said of a person", () => {
  it("must not be endless, wherever it comes from", async () => {
    const reader = makeClient(makeConfig({ issuer_url: stub.issuer, claims_source: "userinfo" }));
    const authorization = makeAuthorizationState();
    stub.answer({ access_token: "x", token_type: "bearer", id_token: await stub.sign({ nonce: authorization.nonce }) });
    stub.answerAt("/me", { sub: "someone", groups: Array.from({ length: 9000 }, (_, index) => `g${index}`) });
    expect(
      await reader.complete(new URLSearchParams({ code: "code", state: authorization.state }), authorization),
    ).toMatchObject({ reason: "claims" });
  });

  it("has times as numbers, whatever the provider writes, and no claims of the wrong type", () => {
    const read = (claims: Readonly<Record<string, unknown>>) => {
      const known = readClaims({ iss: "x", sub: "y", ...claims } as never);
      return typeof known === "string" ? known : known.standard;
    };
    expect(read({ updated_at: 1893456000.5 })).toEqual({ updated_at: 1893456000 });
    expect(read({ updated_at: "2030-01-01T00:00:00.000Z" })).toEqual({ updated_at: 1893456000 });
    expect(
      read({ updated_at: "soon", email: 7, email_verified: "maybe", name: null, picture: "", phone_number: ["1"] }),
    ).toEqual({});
  });

  it("must say who says it, and of whom", () => {
    for (const claims of [
      { sub: "y" },
      { iss: 7, sub: "y" },
      { iss: "", sub: "y" },
      { iss: "x y", sub: "y" },
      { iss: "x" },
      { iss: "x", sub: "a\nb" },
    ])
      expect(readClaims(claims as never)).toEqual(expect.any(String));
  });

  it("has no names that act on objects", () => {
    const known = readClaims(
      JSON.parse(
        '{"iss":"x","sub":"y","__proto__":{"admin":true},"deep":{"constructor":1,"list":[{"prototype":2,"a":1}]}}',
      ) as never,
    );
    expect(typeof known === "string" ? known : JSON.stringify(known.raw)).toBe(
      '{"iss":"x","sub":"y","deep":{"list":[{"a":1}]}}',
    );
  });
});

describe("an ID token of a real provider", () => {
  let real: OpenidProvider;
  beforeAll(async () => {
    real = await startOpenidProvider({
      clients: [{ client_id: "client", client_secret: "a-secret-of-the-test", redirect_uris: [callback] }],
    });
  });
  afterAll(() => real.close());
  beforeEach(() => real.setAccount({ sub: "ann" }));

  it("is taken with its nonce and refused with any other", async () => {
    const native = makeClient(makeConfig({ issuer_url: real.issuer }));
    const authorization = makeAuthorizationState();
    const url = await native.authorizationUrl({ authorization });
    if (url.kind === "refused") throw new Error(url.explain);
    const done = await native.complete((await real.signIn(url.location)).searchParams, authorization);
    if (done.kind === "refused") throw new Error(done.explain);
    expect((await native.completeNative(done.tokens.idToken ?? "", authorization.nonce)).kind).toBe("completed");
    expect(await native.completeNative(done.tokens.idToken ?? "", "another")).toMatchObject({ reason: "nonce" });
  });
});
