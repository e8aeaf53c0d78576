import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { findProviderFaults } from "../../../src/config/check-oidc.ts";
import { formats } from "../../../src/config/formats.ts";
import { readOidc } from "../../../src/config/read-oidc.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { createSlice } from "../../../src/config/slice.ts";
import { valueAt } from "../../../src/config/tree.ts";

const origin = { where: () => undefined, folder: () => "/etc/ostiary" };

/** The section with the defaults of schema.json. */
const fill = (oidc: unknown): { readonly raw: Record<string, unknown>; readonly errors: readonly string[] } => {
  const ajv = new Ajv({ allErrors: true, strict: false, useDefaults: true, validateSchema: false });
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format.accepts);
  const document = structuredClone({ selfservice: { methods: { oidc } } });
  const check = ajv.compile(configSchema);
  check(document);
  return {
    raw: valueAt(document, ["selfservice", "methods", "oidc"]) as Record<string, unknown>,
    errors: (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`),
  };
};
const acme = {
  id: "acme",
  provider: "generic",
  client_id: "golden",
  issuer_url: "http://127.0.0.1:4446/",
  mapper_url: "file://./acme.jsonnet",
};
const at = (index: number, key: string) => ["selfservice", "methods", "oidc", "config", "providers", index, key];

describe("the configuration of sign-in providers", () => {
  it("is read with its defaults, and mappers relative to the file", () => {
    const { raw, errors } = fill({
      enabled: true,
      config: {
        providers: [
          acme,
          {
            ...acme,
            id: "globex",
            mapper_url: undefined,
            mapper: { traits: { email: "claims.email" } },
            pkce: "force",
            scope: ["email"],
          },
        ],
      },
    });
    expect(errors).toEqual([]);
    const { enabled, config } = readOidc(createSlice(raw), origin);
    expect([enabled, config.base_redirect_uri]).toEqual([true, undefined]);
    expect(config.providers).toMatchObject([
      {
        id: "acme",
        mapper_url: "file:///etc/ostiary/acme.jsonnet",
        mapper: undefined,
        scope: undefined,
        pkce: "auto",
        subject_source: "userinfo",
        account_linking_mode: "confirm_with_existing_credential",
        update_identity_on_login: "never",
        store_tokens: true,
        reauthentication: undefined,
        additional_id_token_audiences: [],
      },
      {
        id: "globex",
        mapper_url: undefined,
        mapper: { traits: { email: "claims.email" } },
        pkce: "force",
        scope: ["email"],
      },
    ]);
  });

  it("takes every key that the reference has", () => {
    const every = {
      ...acme,
      label: "Acme",
      client_secret: "x",
      auth_url: "https://id.example.com/a",
      token_url: "https://id.example.com/t",
      scope: ["email"],
      requested_claims: { id_token: { email: { essential: true } } },
      microsoft_tenant: "common",
      subject_source: "me",
      apple_team_id: "x",
      apple_private_key_id: "x",
      apple_private_key: "x",
      organization_id: "x",
      additional_id_token_audiences: ["x"],
      claims_source: "userinfo",
      pkce: "never",
      account_linking_mode: "automatic",
      update_identity_on_login: "automatic",
      aal2_acr_values: ["x"],
      aal2_amr_values: ["x"],
      fedcm_config_url: "https://id.example.com/f",
      net_id_token_origin_header: "x",
    };
    const { raw, errors } = fill({
      enabled: true,
      config: { base_redirect_uri: "https://auth.example.com", providers: [every] },
    });
    expect(errors).toEqual([]);
    // People sign in with the same provider by a redirect.
    const { fedcm_config_url: _, net_id_token_origin_header: __, ...read } = every;
    expect(readOidc(createSlice(raw), origin).config.providers[0]).toMatchObject({
      ...read,
      mapper_url: "file:///etc/ostiary/acme.jsonnet",
    });
  });

  it.each([
    [{ id: "a:b" }, "/id"],
    [{ id: "a/b" }, "/id"],
    [{ provider: "myspace" }, "/provider"],
    [{ issuer_url: "ftp://id.example.com" }, "/issuer_url"],
    [{ issuer_url: "javascript:alert(1)" }, "/issuer_url"],
    [{ pkce: "sometimes" }, "/pkce"],
    [{ mapper_url: "ftp://x/y" }, "/mapper_url"],
  ])("refuses %j", (wrong, where) => {
    expect(fill({ config: { providers: [{ ...acme, ...wrong }] } }).errors.join("\n")).toContain(where);
  });

  it("finds what spans several keys", () => {
    const both = { ...acme, id: "b", mapper: { traits: {} } };
    const found = findProviderFaults([
      acme,
      acme,
      { ...acme, id: "c", issuer_url: undefined },
      { ...acme, id: "d", mapper_url: undefined, mapper: {} },
      both,
      { ...acme, id: "e", provider: "apple" },
      { ...acme, id: "f", mapper_url: "http://x.example.com/m" },
      { ...acme, id: "g", jwks_url: "https://x.example/k" },
    ]);
    expect(found.map(({ path }) => path)).toEqual([
      at(1, "id"),
      at(2, "issuer_url"),
      at(3, "mapper_url"),
      at(4, "mapper"),
      at(5, "apple_team_id"),
      at(5, "apple_private_key_id"),
      at(5, "apple_private_key"),
      at(6, "mapper_url"),
      at(7, "jwks_url"),
    ]);
    expect(findProviderFaults(undefined)).toEqual([]);
  });

  it("may be unfinished while the method is off", () => {
    const unfinished = [
      { ...acme, client_id: "" },
      { ...acme, id: "b", issuer_url: undefined },
      { ...acme, id: "c", provider: "github", client_id: "", client_secret: "" },
      { ...acme, id: "d", issuer_url: "http://id.example.com/" },
    ];
    const { errors } = fill({ enabled: false, config: { providers: unfinished } });
    expect(errors).toEqual([]);
    expect(findProviderFaults(unfinished, { enabled: false })).toEqual([]);
    expect(findProviderFaults(unfinished, { enabled: true }).map(({ path }) => path)).toEqual([
      at(0, "client_id"),
      at(1, "issuer_url"),
      at(2, "client_id"),
      at(2, "client_secret"),
      at(3, "issuer_url"),
    ]);
  });

  it("takes plain http within private networks, and anywhere in development", () => {
    const ask = (issuer_url: string, dev = false) =>
      findProviderFaults([{ ...acme, issuer_url }], { dev }).map(({ path }) => path.at(-1));
    for (const url of [
      "http://localhost:8080/",
      "http://keycloak:8080/realms/x",
      "http://sso.cluster.local/",
      "http://10.1.2.3/",
      "http://[fd00::1]/",
    ]) {
      expect({ url, found: ask(url) }).toEqual({ url, found: [] });
    }
    for (const url of ["http://id.example.com/", "http://8.8.8.8/", "http://localhost.evil.com/"]) {
      expect({ url, found: ask(url) }).toEqual({ url, found: ["issuer_url"] });
      expect({ url, found: ask(url, true) }).toEqual({ url, found: [] });
    }
  });

  it("finds nothing to hold against what is no list of providers", () => {
    expect(findProviderFaults([7, null, {}])).not.toEqual([]);
  });
});
