import { serviceError } from "../../errors/service-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CredentialAdministration, CredentialImporter } from "../contract/administration.ts";
import { identifierOf, importLinks, OIDC, revealTokens, type TokenAead, unlinkOne } from "./credential.ts";

/** Creates what operators may do with links to sign-in providers. */
export const createOidcAdministration = (aead: TokenAead): CredentialAdministration => ({
  type: OIDC,
  deletion: "unless_last",
  version: 0,
  reveal: (config) => revealTokens(config, aead),
  remove: (stored, identifier) => unlinkOne(stored, identifier),
});

const at = "credentials.oidc.config.providers";

/** Creates the import of links. A provider that is not configured is accepted as well: it may be later. */
export const createOidcImporter =
  ({ aead, clock }: { readonly aead: TokenAead; readonly clock: Clock }): CredentialImporter<"oidc"> =>
  async ({ config }, { stored }) => {
    const links = config?.providers ?? [];
    for (const [index, { provider, subject }] of links.entries()) {
      if (!/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/.test(provider))
        throw serviceError("INVALID_FIELD", {
          field: `${at}.${index}.provider`,
          explain: "This is no id of a provider.",
        });
      if (subject === "")
        throw serviceError("INVALID_FIELD", { field: `${at}.${index}.subject`, explain: "The subject is missing." });
    }
    if (new Set(links.map(identifierOf)).size < links.length)
      throw serviceError("INVALID_FIELD", { field: at, explain: "An account at a provider is there twice." });
    const linkedAt = clock.now().toISOString();
    return importLinks(
      stored,
      links.map(({ provider, subject, organization, initialIdToken, initialAccessToken, initialRefreshToken }) => ({
        provider,
        subject,
        ...(organization !== "" && { organization }),
        linked_at: linkedAt,
        tokens: { idToken: initialIdToken, accessToken: initialAccessToken, refreshToken: initialRefreshToken },
      })),
      aead,
    );
  };
