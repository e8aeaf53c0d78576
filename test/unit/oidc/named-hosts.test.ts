import { describe, expect, it } from "vitest";
import { createAddressRules } from "../../../src/lib/outbound/address-rules.ts";
import { startOpenidStub } from "../../setup/openid-stub.ts";
import { makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

/*
 * A provider's metadata name further hosts. They must be the provider's own or
 * public ones: whoever runs a provider, or has taken one over, does not reach
 * what is beside the server.
 */

describe("a provider's metadata that name", () => {
  it.each(["token_endpoint", "jwks_uri", "userinfo_endpoint"])(
    "another host of this machine as %s lead nowhere",
    async (name) => {
      const inside = await startOpenidStub("client");
      // The same machine by another name.
      const redirect = inside.issuer.replace("127.0.0.1", "localhost");
      const path = { token_endpoint: "/token", jwks_uri: "/jwks", userinfo_endpoint: "/me" }[name] ?? "";
      const stub = await startOpenidStub("client", () => ({ [name]: `${redirect}${path}` }));
      const client = makeClient(makeConfig({ issuer_url: stub.issuer, claims_source: "userinfo" }));
      const authorization = makeAuthorizationState();
      stub.answer({
        access_token: "a",
        token_type: "Bearer",
        id_token: await stub.sign({ nonce: authorization.nonce }),
      });
      const done = await client.complete(new URLSearchParams({ code: "c", state: authorization.state }), authorization);
      expect(done).toMatchObject({ kind: "refused", reason: "misconfigured" });
      expect(inside.asked(path)).toBe(0);
      await Promise.all([stub.close(), inside.close()]);
    },
  );

  it("a host that the configuration names as well lead there", async () => {
    const inside = await startOpenidStub("client");
    const redirect = inside.issuer.replace("127.0.0.1", "localhost");
    const stub = await startOpenidStub("client", () => ({ jwks_uri: `${redirect}/jwks` }));
    const client = makeClient(makeConfig({ issuer_url: stub.issuer, jwks_url: `${redirect}/jwks` }));
    expect((await client.completeNative(await inside.sign({ nonce: "n", iss: stub.issuer }), "n")).kind).toBe(
      "completed",
    );
    await Promise.all([stub.close(), inside.close()]);
  });
});

describe("where private networks are ruled out", () => {
  it("a configured provider that is in one is not asked, unless it is excepted", async () => {
    const stub = await startOpenidStub("client");
    const config = makeConfig({ issuer_url: stub.issuer });
    const refused = await makeClient(config, {
      rules: createAddressRules({ dev: true, disallowPrivate: true }),
    }).warm();
    expect(refused).toMatchObject({ kind: "refused", reason: "misconfigured" });
    expect(stub.asked("/.well-known/openid-configuration")).toBe(0);
    const rules = createAddressRules({ dev: true, disallowPrivate: true, exceptions: ["http://127.0.0.1:**"] });
    expect(await makeClient(config, { rules }).warm()).toBeUndefined();
    await stub.close();
  });
});

describe("what is logged of an answer", () => {
  it.each(["ann@example.com is not allowed", "<script>", "invalid_request\nlevel=error"])(
    "leaves out %j as the error",
    async (error) => {
      const stub = await startOpenidStub("client");
      const client = makeClient(makeConfig({ issuer_url: stub.issuer }));
      const authorization = makeAuthorizationState();
      const back = await client.complete(new URLSearchParams({ error, state: authorization.state }), authorization);
      stub.answer({ error, error_description: error }, 400);
      const exchanged = await client.complete(
        new URLSearchParams({ code: "c", state: authorization.state }),
        authorization,
      );
      for (const answer of [back, exchanged]) {
        expect(answer).toMatchObject({ kind: "refused" });
        expect(JSON.stringify(answer)).not.toContain(JSON.stringify(error).slice(1, -1));
      }
      await stub.close();
    },
  );

  it("names an error that a specification has", async () => {
    const stub = await startOpenidStub("client");
    const authorization = makeAuthorizationState();
    const params = new URLSearchParams({
      error: "access_denied",
      error_description: "ann@example.com",
      state: authorization.state,
    });
    expect(await makeClient(makeConfig({ issuer_url: stub.issuer })).complete(params, authorization)).toEqual({
      kind: "refused",
      reason: "denied",
      explain: "the provider answered access_denied",
    });
    await stub.close();
  });
});
