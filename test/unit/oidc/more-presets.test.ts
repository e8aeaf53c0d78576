import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProviderFaults } from "../../../src/config/check-oidc.ts";
import type { ProviderConfig, ProviderKind } from "../../../src/config/oidc-config.ts";
import { validate } from "../../../src/config/validate.ts";
import { renderClaims } from "../../../src/methods/oidc/claims.ts";
import { type OpenidStub, startOpenidStub } from "../../setup/openid-stub.ts";
import { makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

/*
 * Kinds of provider that differ from OpenID Connect: each is asked as it wants to
 * be asked, and tells who the person is. A stub on this machine stands for every
 * host; what is answered has the form that each documents.
 */

let stub: OpenidStub;
let asked: { readonly url: string; readonly method: string; readonly headers: Headers; readonly body: string }[] = [];
beforeAll(async () => {
  stub = await startOpenidStub("client");
});
afterAll(() => stub.close());

const network: typeof fetch = (input, init) => {
  const url = new URL(String(input));
  const body = init?.body === undefined || init.body === null ? "" : String(init.body);
  asked.push({ url: url.href, method: init?.method ?? "GET", headers: new Headers(init?.headers), body });
  return fetch(`${stub.issuer}/${url.host}${url.pathname}`, init);
};
const at = (url: string): string => `/${new URL(url).host}${new URL(url).pathname}`;
const make = (provider: ProviderKind, parts: Partial<ProviderConfig> = {}) =>
  makeClient(makeConfig({ provider, scope: undefined, ...parts }), { fetch: network });

/** Sends a person there and takes them back: the authorization URL, and what is known of them. */
const signIn = async (
  provider: ProviderKind,
  answers: Readonly<Record<string, unknown>>,
  token: (nonce: string) => JsonObject | Promise<JsonObject> = () => ({ access_token: "secret", token_type: "bearer" }),
  parts: Partial<ProviderConfig> = {},
) => {
  asked = [];
  const authorization = makeAuthorizationState();
  for (const [url, body] of Object.entries(answers)) stub.answerAt(at(url), body);
  const client = make(provider, parts);
  const away = await client.authorizationUrl({ authorization });
  if (away.kind === "refused") throw new Error(away.explain);
  const location = new URL(away.location);
  const [tokenUrl = ""] = Object.keys(answers);
  stub.answerAt(at(tokenUrl), await token(location.searchParams.get("nonce") ?? ""));
  const done = await client.complete(
    new URLSearchParams({ code: "the code", state: authorization.state }),
    authorization,
  );
  if (done.kind === "refused") throw new Error(done.explain);
  const request = asked.find(({ url }) => url === tokenUrl);
  const claims: JsonObject = renderClaims(done.claims);
  return { location, claims, request, done };
};
const askedFor = (url: string) => asked.find((one) => one.url.startsWith(url));

it.each<[ProviderKind, string, string, string, JsonObject, JsonObject]>([
  [
    "amazon",
    "https://www.amazon.com/ap/oa",
    "https://api.amazon.com/auth/o2/token",
    "https://api.amazon.com/user/profile",
    { user_id: "amzn1.account.A", name: "Ann", email: "ann@example.com", postal_code: "10115" },
    { sub: "amzn1.account.A", name: "Ann", email: "ann@example.com", zoneinfo: "10115" },
  ],
  [
    "lark",
    "https://passport.feishu.cn/suite/passport/oauth/authorize",
    "https://passport.feishu.cn/suite/passport/oauth/token",
    "https://passport.feishu.cn/suite/passport/oauth/userinfo",
    { open_id: "ou_1", sub: "ignored", name: "Ann", avatar_url: "https://a.example/1", mobile: "+8613800000000" },
    { sub: "ou_1", name: "Ann", nickname: "Ann", picture: "https://a.example/1", phone_number: "+8613800000000" },
  ],
  [
    "patreon",
    "https://www.patreon.com/oauth2/authorize",
    "https://www.patreon.com/api/oauth2/token",
    "https://www.patreon.com/api/oauth2/v2/identity",
    {
      data: {
        id: "7",
        attributes: {
          full_name: "Ann B",
          first_name: "Ann",
          last_name: "B",
          email: "ann@example.com",
          is_email_verified: true,
        },
      },
    },
    { sub: "7", name: "Ann B", given_name: "Ann", family_name: "B", email: "ann@example.com", email_verified: true },
  ],
  [
    "spotify",
    "https://accounts.spotify.com/authorize",
    "https://accounts.spotify.com/api/token",
    "https://api.spotify.com/v1/me",
    {
      id: "ann",
      display_name: "Ann",
      email: "ann@example.com",
      images: [{ url: "https://i.example/1" }],
      external_urls: { spotify: "https://open.example/ann" },
    },
    {
      sub: "ann",
      nickname: "Ann",
      email: "ann@example.com",
      picture: "https://i.example/1",
      profile: "https://open.example/ann",
    },
  ],
  [
    "uaepass",
    "https://id.uaepass.ae/idshub/authorize",
    "https://id.uaepass.ae/idshub/token",
    "https://id.uaepass.ae/idshub/userinfo",
    { sub: "UAEPASS/1", fullnameEN: "Ann Bee", firstnameEN: "Ann", lastnameEN: "Bee", email: "ann@example.com" },
    { sub: "UAEPASS/1", name: "Ann Bee", given_name: "Ann", family_name: "Bee", email: "ann@example.com" },
  ],
  [
    "x",
    "https://x.com/i/oauth2/authorize",
    "https://api.x.com/2/oauth2/token",
    "https://api.x.com/2/users/me",
    { data: { id: "12", username: "ann", name: "Ann", confirmed_email: "ann@example.com" } },
    { sub: "12", preferred_username: "ann", name: "Ann", email: "ann@example.com", email_verified: true },
  ],
  [
    "yandex",
    "https://oauth.yandex.com/authorize",
    "https://oauth.yandex.com/token",
    "https://login.yandex.ru/info",
    {
      id: "9",
      first_name: "Ann",
      last_name: "B",
      default_email: "ann@yandex.ru",
      default_phone: { number: "+79990000000" },
      default_avatar_id: "1/2",
      is_avatar_empty: false,
      sex: "female",
    },
    {
      sub: "9",
      given_name: "Ann",
      email: "ann@yandex.ru",
      phone_number: "+79990000000",
      gender: "female",
      picture: "https://avatars.yandex.net/get-yapic/1/2/islands-200",
    },
  ],
])("%s is asked at its own addresses and tells who the person is", async (kind, authorize, token, me, answer, told) => {
  const { location, claims, request } = await signIn(kind, { [token]: {}, [me]: answer });
  expect(location.href.split("?")[0]).toBe(authorize);
  expect(request?.body).toContain("code=the+code");
  expect(askedFor(me)?.headers.get("authorization")).toContain("secret");
  expect(asked.every(({ url }) => !url.includes("secret"))).toBe(true);
  expect(claims).toMatchObject(told);
  if (!Object.hasOwn(told, "email_verified")) expect(claims).not.toHaveProperty("email_verified");
});

it.each<[ProviderKind, string, string, JsonObject]>([
  ["amazon", "https://api.amazon.com/auth/o2/token", "https://api.amazon.com/user/profile", {}],
  [
    "dingtalk",
    "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
    "https://api.dingtalk.com/v1.0/contact/users/me",
    { accessToken: "t" },
  ],
  [
    "lark",
    "https://passport.feishu.cn/suite/passport/oauth/token",
    "https://passport.feishu.cn/suite/passport/oauth/userinfo",
    {},
  ],
  ["patreon", "https://www.patreon.com/api/oauth2/token", "https://www.patreon.com/api/oauth2/v2/identity", {}],
  ["spotify", "https://accounts.spotify.com/api/token", "https://api.spotify.com/v1/me", {}],
  ["uaepass", "https://id.uaepass.ae/idshub/token", "https://id.uaepass.ae/idshub/userinfo", {}],
  ["vk", "https://oauth.vk.com/access_token", "https://api.vk.com/method/users.get", {}],
  ["x", "https://api.x.com/2/oauth2/token", "https://api.x.com/2/users/me", {}],
  ["yandex", "https://oauth.yandex.com/token", "https://login.yandex.ru/info", {}],
])("%s that does not tell who the person is signs nobody in", async (kind, token, me, tokens) => {
  for (const answer of [{}, { data: null }, { response: [] }, { error: "no" }]) {
    const attempt = signIn(kind, { [token]: {}, [me]: answer }, () => ({
      access_token: "t",
      token_type: "bearer",
      ...tokens,
    }));
    await expect(attempt).rejects.toThrow(/sub is missing/);
  }
});

describe("dingtalk", () => {
  const token = "https://api.dingtalk.com/v1.0/oauth2/userAccessToken";
  const me = "https://api.dingtalk.com/v1.0/contact/users/me";

  it("exchanges the code as JSON, and asks with a header of its own", async () => {
    const user = { openId: "o1", nick: "Ann", avatarUrl: "https://a.example/1", email: "ann@example.com" };
    const { claims, request, done, location } = await signIn("dingtalk", { [token]: {}, [me]: user }, () => ({
      accessToken: "t",
      expireIn: 7200,
    }));
    expect(JSON.parse(request?.body ?? "")).toEqual({
      clientId: "client",
      clientSecret: "a-secret-of-the-test",
      code: "the code",
      grantType: "authorization_code",
    });
    expect(location.searchParams.get("scope")).toBe("openid");
    expect(askedFor(me)?.headers.get("x-acs-dingtalk-access-token")).toBe("t");
    expect(claims).toMatchObject({
      sub: "o1",
      nickname: "Ann",
      email: "ann@example.com",
      picture: "https://a.example/1",
    });
    expect(done.tokens.accessToken).toBe("t");
  });

  it("refuses what is no answer with a token", async () => {
    await expect(
      signIn("dingtalk", { [token]: {}, [me]: {} }, () => ({ code: "x", message: "secret" })),
    ).rejects.toThrow(/invalid_grant/);
  });
});

it("vk tells the address beside the token, and is asked without a token in the URL", async () => {
  const users = "https://api.vk.com/method/users.get";
  const user = {
    id: 5,
    first_name: "Ann",
    last_name: "B",
    sex: 1,
    bdate: "1.2.1990",
    photo_200: "https://p.example/1",
  };
  const { claims } = await signIn(
    "vk",
    { "https://oauth.vk.com/access_token": {}, [users]: { response: [user] } },
    () => ({ access_token: "t", user_id: 5, email: "ann@example.com" }),
  );
  expect(claims).toMatchObject({
    sub: "5",
    given_name: "Ann",
    gender: "female",
    email: "ann@example.com",
    birthdate: "1.2.1990",
  });
  expect(askedFor(users)?.url).toBe(users);
});

it("x is asked for what it tells, whatever an older configuration calls it", async () => {
  const answers = { "https://api.x.com/2/oauth2/token": {}, "https://api.x.com/2/users/me": { data: { id: "1" } } };
  const { location } = await signIn("x", answers, undefined, { scope: ["email"] });
  expect(location.searchParams.get("scope")).toBe("users.email users.read tweet.read");
  expect(location.searchParams.get("code_challenge_method")).toBe("S256");
});

describe("linkedin", () => {
  const token = "https://www.linkedin.com/oauth/v2/accessToken";

  it("of before 2023 tells name and address by two calls", async () => {
    const picture = {
      "displayImage~": {
        elements: [
          { identifiers: [{ identifier: "https://m.example/s" }] },
          { identifiers: [{ identifier: "https://m.example/l" }] },
        ],
      },
    };
    const { claims, location } = await signIn("linkedin", {
      [token]: {},
      "https://api.linkedin.com/v2/me": {
        id: "m1",
        localizedFirstName: "Ann",
        localizedLastName: "B",
        profilePicture: picture,
      },
      "https://api.linkedin.com/v2/emailAddress": { elements: [{ "handle~": { emailAddress: "ann@example.com" } }] },
    });
    expect(location.searchParams.has("code_challenge")).toBe(false);
    expect(claims).toMatchObject({
      sub: "m1",
      given_name: "Ann",
      last_name: "B",
      email: "ann@example.com",
      picture: "https://m.example/l",
    });
  });

  it("v2 tells who the person is at its userinfo endpoint, whatever its ID token says", async () => {
    const answers = {
      [token]: {},
      "https://api.linkedin.com/v2/userinfo": { sub: "m1", email: "ann@example.com", email_verified: "true" },
    };
    const id_token = await stub.sign({ iss: "https://www.linkedin.com", sub: "another", nonce: undefined });
    const { claims, location, done } = await signIn("linkedin_v2", answers, () => ({
      access_token: "t",
      token_type: "bearer",
      id_token,
    }));
    expect([location.searchParams.has("nonce"), location.searchParams.has("code_challenge")]).toEqual([false, false]);
    expect(claims).toMatchObject({ sub: "m1", email: "ann@example.com", email_verified: true });
    expect(done.tokens.idToken).toBeUndefined();
  });
});

describe("what speaks OpenID Connect", () => {
  const discoverable = (issuer: string, host: string) => {
    stub.answerAt(`${at(issuer).replace(/\/$/, "")}/.well-known/openid-configuration`, {
      issuer,
      authorization_endpoint: `${host}/authorize`,
      token_endpoint: `${host}/token`,
      userinfo_endpoint: `${host}/userinfo`,
      jwks_uri: `${host}/jwks`,
    });
    return { [`${host}/token`]: {}, [`${host}/jwks`]: { keys: [stub.publicKey] } };
  };
  const signed = (iss: string) => async (nonce: string) => ({
    access_token: "t",
    token_type: "bearer",
    id_token: await stub.sign({ iss, sub: "1", nonce }),
  });

  it("line asks for ID tokens that are signed by a published key", async () => {
    const issuer = "https://access.line.me";
    const { request, claims, location } = await signIn("line", discoverable(issuer, issuer), signed(issuer));
    expect(new URLSearchParams(request?.body).get("id_token_key_type")).toBe("JWK");
    expect(location.searchParams.get("scope")).toBe("profile openid");
    expect(claims).toMatchObject({ sub: "1" });
  });

  it.each<[ProviderKind, string, Partial<ProviderConfig>]>([
    ["netid", "https://broker.netid.de/", {}],
    ["salesforce", "https://login.salesforce.com", { issuer_url: "https://login.salesforce.com/" }],
  ])("%s tells more at its userinfo endpoint", async (kind, issuer, parts) => {
    const host = issuer.replace(/\/$/, "");
    const userinfo = { sub: "1", email: "ann@example.com", updated_at: "2026-01-02T03:04:05Z" };
    const answers = { ...discoverable(issuer, host), [`${host}/userinfo`]: userinfo };
    const { claims } = await signIn(kind, answers, signed(issuer), parts);
    expect(claims).toMatchObject({ iss: issuer, sub: "1", email: "ann@example.com", updated_at: 1_767_323_045 });
  });
});

it("github-app signs people in with and without a permission to read their address", async () => {
  const [token, user, emails] = [
    "https://github.com/login/oauth/access_token",
    "https://api.github.com/user",
    "https://api.github.com/user/emails",
  ];
  const list = [{ email: "ann@example.com", primary: true, verified: true }];
  const known = await signIn("github-app", { [token]: {}, [user]: { id: 1, login: "ann" }, [emails]: list });
  expect(known.location.searchParams.has("scope")).toBe(false);
  expect(known.claims).toMatchObject({ sub: "1", nickname: "ann", email: "ann@example.com", email_verified: true });
  stub.answerAt(at(emails), { message: "Resource not accessible by integration" }, 403);
  const { claims } = await signIn("github-app", { [token]: {}, [user]: { id: 1, login: "ann" } });
  expect(claims).not.toHaveProperty("email");
});

describe("a configuration", () => {
  const mistakes = (provider: string) =>
    validate({
      selfservice: {
        methods: {
          oidc: { config: { providers: [{ id: "a", provider, client_id: "b", mapper_url: "base64://e30=" }] } },
        },
      },
    })
      .mistakes.map(({ message }) => message)
      .join("\n");

  it.each([
    ["fedcm-test", /accepts every token.*works as generic/],
    ["jackson", /SAML.*works as generic/],
    ["okta", /must be one of generic, amazon.*works as generic, with its issuer_url/],
  ])("with the kind %s does not start, and says what to do instead", (kind, message) => {
    expect(mistakes(kind)).toMatch(message);
  });

  it("says what a kind needs", () => {
    const found = findProviderFaults([
      { id: "a", provider: "salesforce", client_id: "b", mapper_url: "base64://e30=" },
    ]);
    expect(found.map(({ path }) => path.at(-1))).toEqual(["issuer_url"]);
  });
});
