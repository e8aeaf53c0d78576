import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type AuthorizationState,
  readAuthorizationState,
  writeAuthorizationState,
} from "../../../src/methods/oidc/authorization-state.ts";
import type { ProviderClient } from "../../../src/methods/oidc/client.ts";
import { isFreshAuthentication } from "../../../src/methods/oidc/freshness.ts";
import { filterUpstream } from "../../../src/methods/oidc/upstream-parameters.ts";
import { type OpenidProvider, startOpenidProvider } from "../../setup/openid-provider.ts";
import { callback, makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

const strict = `${callback}-strict`;
let provider: OpenidProvider;
let other: OpenidProvider;

const clients = [
  { client_id: "client", client_secret: "a-secret-of-the-test", redirect_uris: [callback] },
  {
    client_id: "poster",
    client_secret: "a-secret-of-the-test",
    redirect_uris: [callback],
    token_endpoint_auth_method: "client_secret_post",
  },
  { client_id: "public", redirect_uris: [callback], token_endpoint_auth_method: "none" },
  { client_id: "strict", client_secret: "a-secret-of-the-test", redirect_uris: [strict] },
  {
    client_id: "elliptic",
    client_secret: "a-secret-of-the-test",
    redirect_uris: [callback],
    id_token_signed_response_alg: "ES256",
  },
];

beforeAll(async () => {
  [provider, other] = await Promise.all([
    startOpenidProvider({ clients, requirePkce: ["strict"] }),
    startOpenidProvider({ clients }),
  ]);
});
afterAll(async () => {
  await Promise.all([provider.close(), other.close()]);
});
afterEach(() => {
  provider.refuse(undefined);
  provider.slow(0);
  provider.serviceError(undefined);
  provider.setAuthTime(undefined);
});

const away = async (
  client: ProviderClient,
  authorization: AuthorizationState,
  parts: { readonly reauthenticate?: boolean; readonly upstream?: Readonly<Record<string, string>> } = {},
): Promise<string> => {
  const url = await client.authorizationUrl({ authorization, ...parts });
  if (url.kind === "refused") throw new Error(url.explain);
  return url.location;
};
const signIn = async (
  client: ProviderClient,
  at: OpenidProvider = provider,
  authorization = makeAuthorizationState(),
) => {
  const back = await at.signIn(await away(client, authorization));
  return { authorization, back, done: await client.complete(back.searchParams, authorization) };
};

describe("the authorization request", () => {
  it("has state, nonce and a PKCE challenge, and none of the secrets", async () => {
    const authorization = makeAuthorizationState();
    const url = new URL(await away(makeClient(makeConfig({ issuer_url: provider.issuer })), authorization));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: "client",
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
      nonce: authorization.nonce,
      redirect_uri: callback,
      response_type: "code",
      scope: "email openid",
      state: authorization.state,
    });
    expect(url.href).not.toContain(authorization.codeVerifier);
  });

  it("leaves PKCE out only when told to", async () => {
    const url = await away(
      makeClient(makeConfig({ issuer_url: provider.issuer, pkce: "never" })),
      makeAuthorizationState(),
    );
    expect(url).not.toContain("code_challenge");
  });

  it("passes on four parameters of the client's and no others", async () => {
    const upstream = filterUpstream({
      hd: "example.com",
      prompt: "login",
      auth_type: "rerequest",
      acr_values: "2",
      login_hint: "x",
      redirect_uri: "https://evil.example",
      state: "x",
      claims: "{}",
    });
    const url = new URL(
      await away(makeClient(makeConfig({ issuer_url: provider.issuer })), makeAuthorizationState(), { upstream }),
    );
    expect(upstream).toEqual({ hd: "example.com", prompt: "login", auth_type: "rerequest", acr_values: "2" });
    expect(url.searchParams.get("hd")).toBe("example.com");
    expect(url.searchParams.getAll("redirect_uri")).toEqual([callback]);
  });

  it("never lets the client's parameters win over a forced prompt", async () => {
    const url = new URL(
      await away(makeClient(makeConfig({ issuer_url: provider.issuer })), makeAuthorizationState(), {
        upstream: { prompt: "none" },
        reauthenticate: true,
      }),
    );
    expect([url.searchParams.getAll("prompt"), url.searchParams.get("max_age")]).toEqual([["login"], "0"]);
  });

  it("asks for the claims that are configured", async () => {
    const claims = { id_token: { email: { essential: true } } };
    const url = new URL(
      await away(
        makeClient(makeConfig({ issuer_url: provider.issuer, requested_claims: claims })),
        makeAuthorizationState(),
      ),
    );
    expect(JSON.parse(url.searchParams.get("claims") ?? "")).toEqual(claims);
  });
});

describe("what waits for the person", () => {
  it("is the trip without its state, and nothing else is read as one", () => {
    const authorization = makeAuthorizationState();
    const stored = JSON.parse(JSON.stringify(writeAuthorizationState(authorization)));
    expect(JSON.stringify(stored)).not.toContain(authorization.state);
    expect(readAuthorizationState(authorization.state, stored)).toEqual(authorization);
    for (const other of [undefined, null, [], "x", {}, { ...stored, nonce: 7 }])
      expect(readAuthorizationState(authorization.state, other)).toBeUndefined();
  });
});

describe("coming back", () => {
  it("tells who the person is", async () => {
    provider.setAccount({ sub: "ann", email: "ann@example.com", email_verified: true });
    const { done } = await signIn(makeClient(makeConfig({ issuer_url: provider.issuer })));
    expect(done).toMatchObject({
      kind: "completed",
      claims: { iss: provider.issuer, sub: "ann", standard: { email: "ann@example.com", email_verified: true } },
      tokens: { idToken: expect.any(String), accessToken: expect.any(String) },
    });
  });

  it.each(["poster", "elliptic"])("works for a client of another kind: %s", async (client_id) => {
    provider.setAccount({ sub: "ann" });
    const method = client_id === "poster" ? ({ client_auth_method: "client_secret_post" } as const) : {};
    expect(
      (await signIn(makeClient(makeConfig({ issuer_url: provider.issuer, client_id, ...method })))).done,
    ).toMatchObject({
      kind: "completed",
      claims: { sub: "ann" },
    });
  });

  it("works for a client without a secret", async () => {
    provider.setAccount({ sub: "ann" });
    expect(
      (
        await signIn(
          makeClient(makeConfig({ issuer_url: provider.issuer, client_id: "public", client_secret: undefined })),
        )
      ).done,
    ).toMatchObject({
      kind: "completed",
    });
  });

  it("reads the userinfo endpoint when configured", async () => {
    provider.setAccount({ sub: "ann", email: "ann@example.com", name: "Ann" });
    const { done } = await signIn(
      makeClient(makeConfig({ issuer_url: provider.issuer, claims_source: "userinfo", scope: ["profile"] })),
    );
    expect(done).toMatchObject({
      kind: "completed",
      claims: { sub: "ann", iss: provider.issuer, standard: { name: "Ann" } },
    });
  });

  it("satisfies a provider that insists on PKCE", async () => {
    const authorization = makeAuthorizationState(strict);
    expect(
      (
        await signIn(
          makeClient(makeConfig({ issuer_url: provider.issuer, client_id: "strict" })),
          provider,
          authorization,
        )
      ).done.kind,
    ).toBe("completed");
  });

  it("is refused without the right PKCE verifier", async () => {
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }));
    const authorization = makeAuthorizationState();
    const back = await provider.signIn(await away(client, authorization));
    expect(
      await client.complete(back.searchParams, {
        ...authorization,
        codeVerifier: makeAuthorizationState().codeVerifier,
      }),
    ).toMatchObject({ kind: "refused", reason: "code" });
  });

  it("is refused with the state of another trip, with two, and with none", async () => {
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }));
    const { back, authorization } = await signIn(client);
    const twice = new URLSearchParams(back.searchParams);
    twice.append("state", authorization.state);
    const none = new URLSearchParams(back.searchParams);
    none.delete("state");
    expect(await client.complete(back.searchParams, makeAuthorizationState())).toMatchObject({ reason: "state" });
    expect(await client.complete(twice, authorization)).toMatchObject({ reason: "state" });
    expect(await client.complete(none, authorization)).toMatchObject({ reason: "state" });
    expect(
      await client.complete(new URLSearchParams({ error: "access_denied", state: "another" }), authorization),
    ).toMatchObject({ reason: "state" });
  });

  it("is refused when the code is used a second time", async () => {
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }));
    const { back, authorization, done } = await signIn(client);
    expect(done.kind).toBe("completed");
    expect(await client.complete(back.searchParams, authorization)).toMatchObject({ reason: "code" });
  });

  it("is refused when the ID token has another nonce", async () => {
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }));
    const authorization = makeAuthorizationState();
    const back = await provider.signIn(await away(client, authorization));
    expect(await client.complete(back.searchParams, { ...authorization, nonce: "another" })).toMatchObject({
      reason: "nonce",
    });
  });

  it("says so when the person refused", async () => {
    provider.refuse("access_denied");
    expect((await signIn(makeClient(makeConfig({ issuer_url: provider.issuer })))).done).toMatchObject({
      reason: "denied",
    });
  });

  it("says so when the answer has no code", async () => {
    const authorization = makeAuthorizationState();
    expect(
      await makeClient(makeConfig({ issuer_url: provider.issuer })).complete(
        new URLSearchParams({ state: authorization.state }),
        authorization,
      ),
    ).toMatchObject({
      reason: "no_code",
    });
  });

  it("tells a wrong client secret from a wrong person", async () => {
    expect(
      (await signIn(makeClient(makeConfig({ issuer_url: provider.issuer, client_secret: "wrong" })))).done,
    ).toMatchObject({
      kind: "refused",
      reason: "misconfigured",
    });
  });
});

describe("mix-up", () => {
  it("a code of one provider is refused at the callback of another: the answer names its issuer", async () => {
    const [here, there] = [
      makeClient(makeConfig({ issuer_url: provider.issuer })),
      makeClient(makeConfig({ id: "other", issuer_url: other.issuer })),
    ];
    const authorization = makeAuthorizationState();
    const back = await other.signIn(await away(there, authorization));
    expect(await here.complete(back.searchParams, authorization)).toMatchObject({ reason: "issuer" });
  });

  it("stays refused when the issuer is taken out of the answer", async () => {
    const [here, there] = [
      makeClient(makeConfig({ issuer_url: provider.issuer })),
      makeClient(makeConfig({ id: "other", issuer_url: other.issuer })),
    ];
    const authorization = makeAuthorizationState();
    const back = await other.signIn(await away(there, authorization));
    back.searchParams.delete("iss");
    expect(await here.complete(back.searchParams, authorization)).toMatchObject({ kind: "refused", reason: "issuer" });
  });
});

describe("proving again who one is", () => {
  it("is shown by an auth_time after the question, and by nothing older", async () => {
    provider.setAccount({ sub: "ann" });
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }));
    const authorization = makeAuthorizationState();
    const browser = new Map<string, string>();
    await provider.signIn(await away(client, makeAuthorizationState()), browser);

    const fresh = await client.complete(
      (await provider.signIn(await away(client, authorization, { reauthenticate: true }), browser)).searchParams,
      authorization,
    );
    if (fresh.kind === "refused") throw new Error(fresh.explain);
    expect(fresh.claims.authTime).toBeGreaterThanOrEqual(authorization.startedAt - 1);
    expect(isFreshAuthentication("auth_time", fresh.claims, authorization)).toBe(true);
    expect(isFreshAuthentication("none", fresh.claims, authorization)).toBe(false);

    provider.setAuthTime(authorization.startedAt - 3600);
    const again = makeAuthorizationState();
    const stale = await client.complete(
      (await provider.signIn(await away(client, again, { reauthenticate: true }))).searchParams,
      again,
    );
    if (stale.kind === "refused") throw new Error(stale.explain);
    expect(isFreshAuthentication("auth_time", stale.claims, again)).toBe(false);
  });

  it("is not shown by an answer that does not say when", () => {
    const claims = { iss: "x", sub: "y", authTime: undefined, acr: undefined, amr: [], standard: {}, raw: {} };
    expect(isFreshAuthentication("auth_time", claims, makeAuthorizationState())).toBe(false);
    expect(isFreshAuthentication("prompt", claims, makeAuthorizationState())).toBe(true);
    expect(isFreshAuthentication("prompt", { ...claims, authTime: 1 }, makeAuthorizationState())).toBe(false);
  });
});

describe("a provider in trouble", () => {
  it("that is down is a refusal at once, and works when it is back", async () => {
    const lonely = await startOpenidProvider({ clients });
    const client = makeClient(makeConfig({ issuer_url: lonely.issuer }));
    await lonely.down();
    expect(await client.authorizationUrl({ authorization: makeAuthorizationState() })).toMatchObject({
      kind: "refused",
      reason: "unavailable",
    });
    await lonely.close();
  });

  it("that was found once is still there when discovery fails later", async () => {
    const lonely = await startOpenidProvider({ clients });
    const client = makeClient(makeConfig({ issuer_url: lonely.issuer }));
    await away(client, makeAuthorizationState());
    await lonely.down();
    expect((await client.authorizationUrl({ authorization: makeAuthorizationState() })).kind).toBe("redirect");
    await lonely.up();
    expect((await signIn(client, lonely)).done.kind).toBe("completed");
    await lonely.close();
  });

  it("that is slow is a refusal in time", async () => {
    provider.slow(30_000);
    const client = makeClient(makeConfig({ issuer_url: provider.issuer }), { timeout: 300 });
    const started = performance.now();
    expect(await client.authorizationUrl({ authorization: makeAuthorizationState() })).toMatchObject({
      reason: "unavailable",
    });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("that fails is asked once more, and then is a refusal", async () => {
    provider.serviceError(503);
    expect(
      await makeClient(makeConfig({ issuer_url: provider.issuer })).authorizationUrl({
        authorization: makeAuthorizationState(),
      }),
    ).toMatchObject({ reason: "unavailable" });
  });

  it("that changes its keys signs people in on", async () => {
    const lonely = await startOpenidProvider({ clients });
    const client = makeClient(makeConfig({ issuer_url: lonely.issuer }));
    expect((await signIn(client, lonely)).done.kind).toBe("completed");
    lonely.rotateKeys();
    expect((await signIn(client, lonely)).done.kind).toBe("completed");
    await lonely.close();
  });

  it("is never asked over plain HTTP elsewhere than on this machine", async () => {
    expect(await makeClient(makeConfig()).authorizationUrl({ authorization: makeAuthorizationState() })).toMatchObject({
      reason: "misconfigured",
    });
    expect(
      await makeClient(makeConfig({ issuer_url: "http://id.example.com" })).authorizationUrl({
        authorization: makeAuthorizationState(),
      }),
    ).toMatchObject({
      reason: "misconfigured",
    });
  });
});
