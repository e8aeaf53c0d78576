import type { CredentialKind, FindLinks } from "../../methods/contract/credential.ts";

/** What the methods tell of the credentials of owners. */
export interface OwnedCredentials {
  readonly kinds: readonly CredentialKind[];
  readonly links: FindLinks;
}
