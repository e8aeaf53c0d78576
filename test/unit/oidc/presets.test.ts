import { createHmac, generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProviderConfig, providerKinds } from "../../../src/config/oidc-config.ts";
import { renderClaims } from "../../../src/methods/oidc/claims.ts";
import { isFreshAuthentication } from "../../../src/methods/oidc/freshness.ts";
import { appleClientSecret } from "../../../src/methods/oidc/providers/apple.ts";
import { presets } from "../../../src/methods/oidc/providers/presets.ts";
import { type OpenidStub, startOpenidStub } from "../../setup/openid-stub.ts";
import { makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

/* The real ones cannot be had in a test: a stub on this machine stands for every host. */

let stub: OpenidStub;
let asked: { readonly url: string; readonly headers: Headers }[] = [];
beforeAll(async () => {
  stub = await startOpenidStub("client");
});
afterAll(() => stub.close());

const network: typeof fetch = (input, init) => {
  const url = new URL(String(input));
  asked.push({ url: url.href, headers: new Headers(init?.headers) });
  return fetch(`${stub.issuer}/${url.host}${url.pathname}`, init);
};
const make = (parts: Partial<ProviderConfig>) =>
  makeClient(makeConfig({ scope: undefined, ...parts }), { fetch: network });
const discoverable = (issuer: string, more: Readonly<Record<string, unknown>> = {}, published = issuer) => {
  const { host, pathname } = new URL(issuer);
  stub.answerAt(`/${host}${pathname.replace(/\/$/, "")}/.well-known/openid-configuration`, {
    issuer: published,
    authorization_endpoint: `https://${host}/authorize`,
    token_endpoint: `https://${host}/token`,
    jwks_uri: `https://${host}/jwks`,
    response_types_supported: ["code"],
    id_token_signing_alg_values_supported: ["RS256"],
    ...more,
  });
  stub.answerAt(`/${host}/jwks`, { keys: [stub.publicKey] });
};
const location = async (parts: Partial<ProviderConfig>, reauthenticate = false): Promise<URL> => {
  const url = await make(parts).authorizationUrl({ authorization: makeAuthorizationState(), reauthenticate });
  if (url.kind === "refused") throw new Error(url.explain);
  return new URL(url.location);
};
const complete = async (
  parts: Partial<ProviderConfig>,
  tokenAt: string,
  token: (nonce: string) => Promise<Record<string, unknown>> | Record<string, unknown>,
  more: Readonly<Record<string, string>> = {},
) => {
  asked = [];
  const authorization = makeAuthorizationState();
  stub.answerAt(tokenAt, await token(authorization.nonce));
  return {
    authorization,
    done: await make(parts).complete(
      new URLSearchParams({ code: "code", state: authorization.state, ...more }),
      authorization,
    ),
  };
};

describe("every kind of provider", () => {
  it.each(providerKinds)("%s can be asked", async (provider) => {
    const issuer = presets[provider].server(makeConfig({ provider, issuer_url: "https://id.example.com" }));
    if (issuer.kind === "discover")
      discoverable(
        issuer.issuer,
        {},
        provider === "microsoft" ? "https://login.microsoftonline.com/{tenantid}/v2.0" : issuer.issuer,
      );
    const url = await location({ provider, issuer_url: "https://id.example.com" });
    expect(url.protocol).toBe("https:");
    expect(url.searchParams.get("state")).toBeTruthy();
    expect(url.searchParams.has("nonce")).toBe(presets[provider].protocol === "openid");
    expect(url.searchParams.has("code_challenge")).toBe(presets[provider].pkce);
  });
});

describe("github", () => {
  const config = { provider: "github" } as const;
  const answer = () => ({ access_token: "gho_x", token_type: "bearer", scope: "user:email" });

  it("tells who the person is by number, with the primary address", async () => {
    stub.answerAt("/api.github.com/user", {
      id: 583231,
      login: "octo",
      name: "Octo Cat",
      email: "public@example.com",
      blog: "https://octo.example",
      avatar_url: "https://a.example/1",
      html_url: "https://github.com/octo",
    });
    stub.answerAt("/api.github.com/user/emails", [
      { email: "old@example.com", primary: false, verified: true },
      { email: "octo@example.com", primary: true, verified: true },
    ]);
    const { done } = await complete(config, "/github.com/login/oauth/access_token", answer);
    expect(done).toMatchObject({
      kind: "completed",
      claims: { iss: "https://github.com/login/oauth/access_token", sub: "583231" },
    });
    expect(done.kind === "completed" && renderClaims(done.claims)).toMatchObject({
      email: "octo@example.com",
      email_verified: true,
      nickname: "octo",
      name: "Octo Cat",
      website: "https://octo.example",
      picture: "https://a.example/1",
      profile: "https://github.com/octo",
    });
    expect(asked.find(({ url }) => url === "https://api.github.com/user")?.headers.get("authorization")).toBe(
      "Bearer gho_x",
    );
  });

  it("knows no address without the scope, and never the one of the profile", async () => {
    stub.answerAt("/api.github.com/user", { id: 1, login: "octo", email: "public@example.com" });
    const { done } = await complete(config, "/github.com/login/oauth/access_token", () => ({
      ...answer(),
      scope: "read:user",
    }));
    expect(done.kind === "completed" && renderClaims(done.claims)).not.toHaveProperty("email");
    expect(asked.map(({ url }) => url)).not.toContain("https://api.github.com/user/emails");
  });

  it("refuses what has no number, and an API that refuses", async () => {
    stub.answerAt("/api.github.com/user", { id: "583231", login: "octo" });
    expect((await complete(config, "/github.com/login/oauth/access_token", answer)).done).toMatchObject({
      reason: "claims",
    });
    stub.answerAt("/api.github.com/user", { message: "Bad credentials" }, 401);
    expect((await complete(config, "/github.com/login/oauth/access_token", answer)).done).toMatchObject({
      reason: "unavailable",
    });
  });

  it("reads the errors that come with status 200", async () => {
    expect(
      (
        await complete(config, "/github.com/login/oauth/access_token", () => ({
          error: "bad_verification_code",
          error_description: "x",
        }))
      ).done,
    ).toMatchObject({ kind: "refused" });
  });

  it("has no ID tokens for apps", async () => {
    expect(await make(config).completeNative(await stub.sign({}), "nonce")).toMatchObject({ reason: "misconfigured" });
  });
});

describe("apple", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const config = {
    provider: "apple",
    apple_team_id: "TEAM123456",
    apple_private_key_id: "KEY1234567",
    apple_private_key: pem,
    client_secret: undefined,
  } as const;
  beforeAll(() => discoverable("https://appleid.apple.com"));

  it("gets a client secret that is signed anew and soon over", async () => {
    const clock = { now: () => new Date("2030-01-01T00:00:00Z") };
    for (const key of [pem, pem.replaceAll("\n", "\\n")]) {
      const secret = await appleClientSecret({ ...config, client_id: "client", apple_private_key: key }, clock);
      const spki = await importSPKI(String(publicKey.export({ type: "spki", format: "pem" })), "ES256");
      const { payload } = await jwtVerify(secret, spki, { currentDate: clock.now() });
      expect(decodeProtectedHeader(secret)).toEqual({ alg: "ES256", kid: "KEY1234567" });
      expect(payload).toEqual({
        iss: "TEAM123456",
        sub: "client",
        aud: "https://appleid.apple.com",
        iat: 1893456000,
        exp: 1893456300,
      });
    }
  });

  it("sends the secret in the form, and posts the answer", async () => {
    expect((await location(config)).searchParams.get("response_mode")).toBe("form_post");
    const sign = async (nonce: string) => ({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({
        iss: "https://appleid.apple.com",
        nonce,
        email: "ann@example.com",
        email_verified: "true",
      }),
    });
    const { done } = await complete(config, "/appleid.apple.com/token", sign, {
      user: JSON.stringify({ name: { firstName: "Ann", lastName: "Bee" }, email: "evil@example.com" }),
    });
    expect(done.kind === "completed" && renderClaims(done.claims)).toMatchObject({
      email: "ann@example.com",
      email_verified: true,
      given_name: "Ann",
      family_name: "Bee",
    });
  });

  it("takes nothing from the browser but the name", async () => {
    const sign = async (nonce: string) => ({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({ iss: "https://appleid.apple.com", nonce }),
    });
    const { done } = await complete(config, "/appleid.apple.com/token", sign, {
      user: JSON.stringify({ email: "evil@example.com", sub: "evil", name: { firstName: { x: 1 } } }),
    });
    expect(done.kind === "completed" && renderClaims(done.claims)).toEqual({
      iss: "https://appleid.apple.com",
      sub: "someone",
      nonce: expect.any(String),
      raw_claims: expect.not.objectContaining({ email: "evil@example.com" }),
    });
  });

  it("says so when its key cannot be read", async () => {
    const wrong = { ...config, apple_private_key: "no key" };
    await expect(complete(wrong, "/appleid.apple.com/token", () => ({}))).resolves.toMatchObject({
      done: { kind: "refused", reason: "misconfigured" },
    });
  });
});

describe("microsoft", () => {
  const template = "https://login.microsoftonline.com/{tenantid}/v2.0";
  const tenant = "11111111-2222-3333-4444-555555555555";
  const issuer = template.replace("{tenantid}", tenant);
  const sign = (claims: Readonly<Record<string, unknown>>) => async (nonce: string) => ({
    access_token: "x",
    token_type: "bearer",
    id_token: await stub.sign({ iss: issuer, tid: tenant, nonce, ...claims }),
  });
  beforeAll(() => {
    for (const name of ["common", "organizations"])
      discoverable(`https://login.microsoftonline.com/${name}/v2.0`, {}, template);
  });

  it("takes the issuer of the tenant that the ID token names, and no other", async () => {
    const at = "/login.microsoftonline.com/token";
    expect((await complete({ provider: "microsoft" }, at, sign({}))).done).toMatchObject({
      kind: "completed",
      claims: { iss: issuer },
    });
    for (const claims of [
      { tid: undefined },
      { tid: "99999999-2222-3333-4444-555555555555" },
      { tid: "x/y", iss: template.replace("{tenantid}", "x/y") },
      { iss: "https://login.microsoftonline.com.evil.example/x" },
      { iss: template },
    ]) {
      expect((await complete({ provider: "microsoft" }, at, sign(claims))).done).toMatchObject({ kind: "refused" });
    }
  });

  it("keeps personal accounts out of organizations", async () => {
    const consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const token = await stub.sign({ iss: template.replace("{tenantid}", consumers), tid: consumers, nonce: "n" });
    expect(
      await make({ provider: "microsoft", microsoft_tenant: "organizations" }).completeNative(token, "n"),
    ).toMatchObject({ reason: "issuer" });
    expect((await make({ provider: "microsoft" }).completeNative(token, "n")).kind).toBe("completed");
  });

  it("does not believe an address that some administrator wrote", async () => {
    const read = async (claims: Readonly<Record<string, unknown>>) => {
      const { done } = await complete({ provider: "microsoft" }, "/login.microsoftonline.com/token", sign(claims));
      return done.kind === "completed" && renderClaims(done.claims).email_verified;
    };
    expect(await read({ email: "boss@example.com", email_verified: true })).toBe(false);
    expect(await read({ email: "boss@example.com", xms_edov: true })).toBe(true);
  });

  describe("an ID token of an app", () => {
    const native = async (claims: Readonly<Record<string, unknown>>, config: Partial<ProviderConfig> = {}) =>
      make({ provider: "microsoft", ...config }).completeNative(
        await stub.sign({ iss: issuer, tid: tenant, nonce: "n", oid: "object-id", ...claims }),
        "n",
      );

    it("is of the person that the browser's is of", async () => {
      for (const [subject_source, sub] of [
        ["userinfo", "someone"],
        ["oid", "object-id"],
      ] as const)
        expect(await native({}, { subject_source })).toMatchObject({ kind: "completed", claims: { sub } });
    });

    it("is refused where only Microsoft Graph tells the subject", async () => {
      expect(await native({}, { subject_source: "me" })).toMatchObject({ kind: "refused", reason: "misconfigured" });
      expect(await native({ oid: undefined }, { subject_source: "oid" })).toMatchObject({ reason: "misconfigured" });
    });

    it("does not vouch for an address that some administrator wrote", async () => {
      const read = async (claims: Readonly<Record<string, unknown>>) => {
        const done = await native(claims);
        return done.kind === "completed" && renderClaims(done.claims).email_verified;
      };
      expect(await read({ email: "boss@example.com", email_verified: true })).toBe(false);
      expect(await read({ email: "boss@example.com", xms_edov: true })).toBe(true);
    });
  });

  it("takes the subject from where it is configured", async () => {
    stub.answerAt("/graph.microsoft.com/v1.0/me", { id: "graph-id" });
    const subject = async (subject_source: ProviderConfig["subject_source"]) => {
      const { done } = await complete(
        { provider: "microsoft", subject_source },
        "/login.microsoftonline.com/token",
        sign({ oid: "object-id" }),
      );
      return done.kind === "completed" && done.claims.sub;
    };
    expect([await subject("userinfo"), await subject("oid"), await subject("me")]).toEqual([
      "someone",
      "object-id",
      "graph-id",
    ]);
  });
});

describe("what is no answer", () => {
  const apis = {
    amazon: "/api.amazon.com/user/profile",
    discord: "/discord.com/api/v10/users/@me",
    github: "/api.github.com/user",
    patreon: "/www.patreon.com/api/oauth2/v2/identity",
    spotify: "/api.spotify.com/v1/me",
    vk: "/api.vk.com/method/users.get",
    x: "/api.x.com/2/users/me",
  } as const;
  const tokens = {
    amazon: "/api.amazon.com/auth/o2/token",
    discord: "/discord.com/api/oauth2/token",
    github: "/github.com/login/oauth/access_token",
    patreon: "/www.patreon.com/api/oauth2/token",
    spotify: "/accounts.spotify.com/api/token",
    vk: "/oauth.vk.com/access_token",
    x: "/api.x.com/2/oauth2/token",
  } as const;

  it.each(Object.keys(apis) as (keyof typeof apis)[])("%s: a null is as good as none", async (provider) => {
    for (const answer of [null, 1, "text"]) {
      stub.answerAt(apis[provider], answer);
      const { done } = await complete({ provider }, tokens[provider], () => ({
        access_token: "x",
        token_type: "bearer",
      }));
      expect(done).toMatchObject({ kind: "refused", reason: "unavailable" });
    }
  });

  it("patreon: somebody without attributes has an id", async () => {
    stub.answerAt(apis.patreon, { data: { id: "7", attributes: null } });
    const { done } = await complete({ provider: "patreon" }, tokens.patreon, () => ({
      access_token: "x",
      token_type: "bearer",
    }));
    expect(done.kind === "completed" && done.claims.sub).toBe("7");
  });
});

describe("the others", () => {
  it("google: both spellings of its issuer, of nobody else's", async () => {
    discoverable("https://accounts.google.com");
    const token = (iss: string) => stub.sign({ iss, nonce: "n" });
    expect((await make({ provider: "google" }).completeNative(await token("accounts.google.com"), "n")).kind).toBe(
      "completed",
    );
    expect(
      await make({ provider: "google" }).completeNative(await token("https://accounts.google.com.evil.example"), "n"),
    ).toMatchObject({ reason: "issuer" });
    expect((await location({ provider: "google" })).searchParams.get("scope")).toBe("email profile openid");
  });

  it("slack: the scopes of the older sign-in, and the team", async () => {
    discoverable("https://slack.com");
    expect(
      (await location({ provider: "slack", scope: ["identity.basic", "identity.email"] })).searchParams.get("scope"),
    ).toBe("profile email openid");
    const { done } = await complete({ provider: "slack" }, "/slack.com/token", async (nonce) => ({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({ iss: "https://slack.com", nonce, "https://slack.com/team_id": "T1" }),
    }));
    expect(done.kind === "completed" && renderClaims(done.claims).team).toBe("T1");
  });

  it("discord: the member's number, and an address only as far as it is verified", async () => {
    stub.answerAt("/discord.com/api/v10/users/@me", {
      id: "80351110224678912",
      username: "nelly",
      global_name: "Nelly",
      avatar: "abc",
      email: "nelly@example.com",
      verified: false,
      locale: "en",
    });
    const { done } = await complete({ provider: "discord" }, "/discord.com/api/oauth2/token", () => ({
      access_token: "x",
      token_type: "Bearer",
    }));
    expect(done.kind === "completed" && renderClaims(done.claims)).toMatchObject({
      sub: "80351110224678912",
      name: "Nelly",
      email_verified: false,
      picture: "https://cdn.discordapp.com/avatars/80351110224678912/abc.png",
    });
  });

  it("facebook: shows the API that the secret is known, and asks for the password again", async () => {
    stub.answerAt("/graph.facebook.com/v23.0/me", {
      id: "7",
      name: "Ann",
      first_name: "Ann",
      email: "ann@example.com",
      picture: { data: { url: "https://p.example/7" } },
    });
    const { done } = await complete({ provider: "facebook" }, "/graph.facebook.com/v23.0/oauth/access_token", () => ({
      access_token: "token",
      token_type: "bearer",
    }));
    expect(done.kind === "completed" && renderClaims(done.claims)).toMatchObject({
      iss: "https://graph.facebook.com",
      sub: "7",
      given_name: "Ann",
      picture: "https://p.example/7",
    });
    expect(done.kind === "completed" && renderClaims(done.claims)).not.toHaveProperty("email_verified");
    const amr = createHmac("sha256", "a-secret-of-the-test").update("token").digest("hex");
    expect(asked.some(({ url }) => url.includes(`appsecret_proof=${amr}`))).toBe(true);
    expect((await location({ provider: "facebook" }, true)).searchParams.get("auth_type")).toBe("reauthenticate");
  });

  it("gitlab: what the ID token says wins over the userinfo endpoint", async () => {
    discoverable("https://gitlab.com", { userinfo_endpoint: "https://gitlab.com/me" });
    stub.answerAt("/gitlab.com/me", { sub: "someone", email: "old@example.com", groups: ["a"] });
    const { done } = await complete({ provider: "gitlab" }, "/gitlab.com/token", async (nonce) => ({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({ iss: "https://gitlab.com", nonce, email: "ann@example.com" }),
    }));
    expect(done.kind === "completed" && renderClaims(done.claims)).toMatchObject({
      email: "ann@example.com",
      raw_claims: { groups: ["a"] },
    });
  });

  it("a provider that is described in full is not discovered", async () => {
    stub.answerAt("/id.example.com/keys", { keys: [stub.publicKey] });
    const described = {
      issuer_url: "https://id.example.com",
      auth_url: "https://id.example.com/a",
      token_url: "https://id.example.com/t",
      jwks_url: "https://id.example.com/keys",
    };
    const { done } = await complete(described, "/id.example.com/t", async (nonce) => ({
      access_token: "x",
      token_type: "bearer",
      id_token: await stub.sign({ iss: "https://id.example.com", nonce }),
    }));
    expect(done).toMatchObject({ kind: "completed" });
    expect(asked.map(({ url }) => url)).toEqual(["https://id.example.com/t", "https://id.example.com/keys"]);
  });

  it("metadata that lead elsewhere are not followed", async () => {
    discoverable("https://evil.example.com", { token_endpoint: "http://internal.example.com/token" });
    expect(
      await make({ issuer_url: "https://evil.example.com" }).authorizationUrl({
        authorization: makeAuthorizationState(),
      }),
    ).toMatchObject({ reason: "misconfigured" });
    discoverable("https://other.example.com", {}, "https://id.example.com");
    expect(
      await make({ issuer_url: "https://other.example.com" }).authorizationUrl({
        authorization: makeAuthorizationState(),
      }),
    ).toMatchObject({ reason: "misconfigured" });
  });

  it("what proves nothing is never fresh", () => {
    const claims = { iss: "x", sub: "y", authTime: 4_000_000_000, acr: undefined, amr: [], standard: {}, raw: {} };
    for (const kind of ["google", "github", "discord", "slack"] as const)
      expect(
        isFreshAuthentication(presets[kind].reauthentication.reauthentication, claims, makeAuthorizationState()),
      ).toBe(false);
  });
});
