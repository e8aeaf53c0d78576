import { createAddressRules } from "../lib/outbound/address-rules.ts";
import { isMap, type Path } from "./tree.ts";
import type { Finding } from "./validate.ts";

/** What a kind of provider cannot do without, beside what all need. */
const needed: Readonly<Record<string, readonly string[]>> = {
  amazon: ["client_secret"],
  generic: ["issuer_url"],
  auth0: ["issuer_url"],
  keycloak: ["issuer_url"],
  apple: ["apple_team_id", "apple_private_key_id", "apple_private_key"],
  dingtalk: ["client_secret"],
  facebook: ["client_secret"],
  github: ["client_secret"],
  "github-app": ["client_secret"],
  lark: ["client_secret"],
  line: ["client_secret"],
  linkedin: ["client_secret"],
  linkedin_v2: ["client_secret"],
  patreon: ["client_secret"],
  salesforce: ["issuer_url"],
  vk: ["client_secret"],
};

/** What the server asks, or sends people to. */
const urlKeys = ["issuer_url", "auth_url", "token_url", "userinfo_url", "jwks_url", "mapper_url"];

const at: Path = ["selfservice", "methods", "oidc", "config", "providers"];

/**
 * Finds what makes the list of sign-in providers unusable, beyond schema.json. While the method is off nobody is sent
 * to any, so that what is left to fill in may stay empty. Values may be of the wrong type: those are the schema's
 * findings.
 */
export function findProviderFaults(
  providers: unknown,
  { enabled = true, dev = false }: { readonly enabled?: boolean; readonly dev?: boolean } = {},
): Finding[] {
  const rules = createAddressRules({ dev });
  const list = Array.isArray(providers) ? providers.map((provider) => (isMap(provider) ? provider : {})) : [];
  return list.flatMap((provider, index) => {
    const has = (key: string) => provider[key] !== undefined && provider[key] !== "";
    const fault = (key: string, message: string): Finding => ({ path: [...at, index, key], message });
    const kind = String(provider.provider);
    // Defaults leave an empty map where no table was written.
    const hasTable = isMap(provider.mapper) && provider.mapper.traits !== undefined;
    const described = ["auth_url", "token_url", "jwks_url"].filter(has);
    const whereItActs = (found: readonly Finding[]) => (enabled ? found : []);
    return [
      ...(list.findIndex(({ id }) => id !== undefined && id === provider.id) < index && provider.id !== undefined
        ? [fault("id", `"${String(provider.id)}" is there twice`)]
        : []),
      ...whereItActs([
        ...(provider.client_id === "" ? [fault("client_id", "is empty: the provider would know nobody by it")] : []),
        ...(needed[kind] ?? [])
          .filter((key) => !has(key))
          .map((key) => fault(key, `is needed by providers of the kind ${kind}`)),
      ]),
      ...(described.length < 3 && has("jwks_url") ? [fault("jwks_url", "needs auth_url and token_url beside it")] : []),
      ...(!hasTable && !has("mapper_url")
        ? [fault("mapper_url", "is missing: say what becomes of claims, here or as a table in mapper")]
        : []),
      ...(hasTable && has("mapper_url")
        ? [fault("mapper", "and mapper_url are two answers to one question: leave one out")]
        : []),
      ...whereItActs(
        urlKeys
          .filter(
            (key) => has(key) && /^http:\/\//i.test(String(provider[key])) && !rules.isSafe(String(provider[key])),
          )
          .map((key) =>
            fault(
              key,
              "is plain http over the public Internet: http:// is for hosts of a private network, and for --dev",
            ),
          ),
      ),
    ];
  });
}
