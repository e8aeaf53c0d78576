import type { Clock } from "../lib/clock.ts";
import type { HashCost } from "../lib/hashing/hash-format.ts";
import type { CredentialAdministration, CredentialImporters } from "./contract/administration.ts";
import { createOidcAdministration, createOidcImporter } from "./oidc/administration.ts";
import type { TokenAead } from "./oidc/credential.ts";
import { createPasswordImporter, passwordAdministration } from "./password/administration.ts";
import type { Passwords } from "./password/passwords.ts";

/** What the administration of credentials stands on. */
export interface AdministrationDeps {
  readonly passwords: Passwords;
  /** The most that comparing with a hash may cost that an operator brings. */
  readonly maxCost: HashCost;
  readonly aead: TokenAead;
  readonly clock: Clock;
}

/** What operators may do with credentials: one line for each kind, and one for each that can be set from outside. */
export const createAdministration = (deps: AdministrationDeps) => ({
  kinds: [passwordAdministration, createOidcAdministration(deps.aead)] satisfies readonly CredentialAdministration[],
  importers: {
    password: createPasswordImporter(deps),
    oidc: createOidcImporter(deps),
  } satisfies CredentialImporters,
});
