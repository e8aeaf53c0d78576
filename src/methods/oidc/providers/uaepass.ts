import type { JsonObject } from "@bufbuild/protobuf";
import type { ProviderConfig } from "../../../config/oidc-config.ts";
import { claimsAsGiven, type Preset } from "../preset.ts";

const baseOf = ({ issuer_url }: ProviderConfig): string => (issuer_url ?? "https://id.uaepass.ae").replace(/\/+$/, "");

/**
 * UAE PASS, the digital identity of the United Arab Emirates; `issuer_url` names its staging environment. OAuth 2.0,
 * who the person is comes from its userinfo endpoint.
 */
export const uaepass: Preset = {
  protocol: "oauth2",
  adjustClaims: claimsAsGiven,
  server: (config) => ({
    kind: "known",
    metadata: {
      issuer: baseOf(config),
      authorization_endpoint: `${baseOf(config)}/idshub/authorize`,
      token_endpoint: `${baseOf(config)}/idshub/token`,
    },
  }),
  scopes: (configured = ["urn:uae:digitalid:profile:general"]) => configured,
  pkce: true,
  // In a browser; apps ask for another level by the upstream parameter of that name.
  parameters: { acr_values: "urn:safelayer:tws:policies:authentication:level:low" },
  reauthentication: { reauthentication: "none", parameters: {} },
  claims: async ({ api, config }) => {
    const user = (await api(`${baseOf(config)}/idshub/userinfo`)) as JsonObject;
    const { fullnameEN, firstnameEN, lastnameEN, mobile } = user;
    return {
      ...user,
      iss: baseOf(config),
      name: fullnameEN ?? null,
      given_name: firstnameEN ?? null,
      family_name: lastnameEN ?? null,
      last_name: lastnameEN ?? null,
      phone_number: mobile ?? null,
    };
  },
};
