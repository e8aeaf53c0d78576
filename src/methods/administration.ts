import { serviceError } from "../errors/service-error.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import type { HashCost } from "../lib/hashing/hash-format.ts";
import { codeAdministration, importCodeAddresses } from "./code/administration.ts";
import type { CredentialAdministration, CredentialImporter, CredentialImporters } from "./contract/administration.ts";
import { createLookupSecretAdministration, createLookupSecretImporter } from "./lookup_secret/administration.ts";
import { createCodeSecrets } from "./lookup_secret/credential.ts";
import { createOidcAdministration, createOidcImporter } from "./oidc/administration.ts";
import { createPasswordImporter, passwordAdministration } from "./password/administration.ts";
import type { Passwords } from "./password/passwords.ts";
import { createTotpAdministration, createTotpImporter } from "./totp/administration.ts";
import { createTotpSecrets } from "./totp/credential.ts";
import { createKeysImporter } from "./webauthn/administration.ts";
import { PASSKEY, WEBAUTHN } from "./webauthn/key.ts";

/** What the administration of credentials needs. */
export interface AdministrationDeps {
  readonly passwords: Passwords;
  /** The most that comparing with a hash may cost that an operator brings. */
  readonly maxCost: HashCost;
  readonly aead: Aead;
  readonly clock: Clock;
  /** Of digests of codes: the first makes them. */
  readonly digestKeys: readonly string[];
  /** What authenticator apps call the service. */
  readonly totpIssuer: string;
}

/** A kind that is shown as it is stored. */
const plain = (type: string, deletion: CredentialAdministration["deletion"]): CredentialAdministration => ({
  type,
  deletion,
  version: 1,
  reveal: (config) => config,
});

/** SAML credentials cannot be imported: nobody could sign in with one. @throws INVALID_FIELD */
const refuseSaml: CredentialImporter<"saml"> = async () => {
  throw serviceError("INVALID_FIELD", {
    field: "credentials.saml",
    explain: "Nobody signs in through SAML here: leave it out, or link a provider of OpenID Connect.",
  });
};

/** What operators may do with credentials: one line for each kind, and one for each that can be set from outside. */
export const createAdministration = (deps: AdministrationDeps) => {
  const { aead, digestKeys, totpIssuer } = deps;
  const totp = { ...deps, secrets: createTotpSecrets(aead), issuer: totpIssuer };
  const lookupSecret = { ...deps, secrets: createCodeSecrets(aead, digestKeys) };
  return {
    kinds: [
      passwordAdministration,
      createOidcAdministration(aead),
      createTotpAdministration(totp),
      createLookupSecretAdministration(lookupSecret.secrets),
      plain(WEBAUTHN, "always"),
      plain(PASSKEY, "never"),
      codeAdministration,
    ] satisfies readonly CredentialAdministration[],
    importers: {
      password: createPasswordImporter(deps),
      oidc: createOidcImporter(deps),
      totp: createTotpImporter(totp),
      lookupSecret: createLookupSecretImporter(lookupSecret),
      webauthn: createKeysImporter(WEBAUTHN, deps),
      passkey: createKeysImporter(PASSKEY, deps),
      code: importCodeAddresses,
      saml: refuseSaml,
    } satisfies CredentialImporters,
  };
};
