import type { IdentityRecord } from "../../identity/identity.ts";

/* What a kind of credential tells everybody else. */

/** What others may ask of a kind of credential. */
export interface CredentialKind {
  readonly type: string;
  readonly factor: "first" | "second";
  /** How many ways in of this kind a person has: keys, providers, a password. */
  count(identity: IdentityRecord): number;
}
