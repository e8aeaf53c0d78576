import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import type { HashCost } from "../lib/hashing/hash-format.ts";
import type { CredentialAdministration, CredentialImporters } from "./contract/administration.ts";
import { createLookupSecretAdministration, createLookupSecretImporter } from "./lookup_secret/administration.ts";
import { createCodeSecrets } from "./lookup_secret/credential.ts";
import { createOidcAdministration, createOidcImporter } from "./oidc/administration.ts";
import { createPasswordImporter, passwordAdministration } from "./password/administration.ts";
import type { Passwords } from "./password/passwords.ts";
import { createTotpAdministration, createTotpImporter } from "./totp/administration.ts";
import { createTotpSecrets } from "./totp/credential.ts";

/** What the administration of credentials stands on. */
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
      plain("webauthn", "always"),
      plain("passkey", "never"),
      plain("code", "never"),
    ] satisfies readonly CredentialAdministration[],
    importers: {
      password: createPasswordImporter(deps),
      oidc: createOidcImporter(deps),
      totp: createTotpImporter(totp),
      lookupSecret: createLookupSecretImporter(lookupSecret),
    } satisfies CredentialImporters,
  };
};
