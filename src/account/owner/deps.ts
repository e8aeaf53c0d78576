import type { Config } from "../../config/config.ts";
import type { FlowSessions } from "../../flows/shared/deps.ts";
import type { CredentialKind, FindLinks } from "../../methods/contract/credential.ts";

/** What the methods tell of the credentials of owners. */
export interface OwnedCredentials {
  readonly kinds: readonly CredentialKind[];
  readonly links: FindLinks;
}

/** What the RPCs of owners about their account need. */
export interface OwnerDeps extends Pick<FlowSessions, "callers"> {
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly owned: OwnedCredentials;
}
