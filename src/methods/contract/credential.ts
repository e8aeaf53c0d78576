import type { IdentityRecord } from "../../identity/identity.ts";

/* What a kind of credential tells everybody else. */

/**
 * What an authenticator rests on (NIST SP 800-63B): something one knows, has,
 * or is; `federated`: another site authenticates.
 */
export type FactorKind = "knowledge" | "possession" | "inherence" | "federated";

/** One authenticator that a person has. */
export interface Authenticator {
  readonly kind: FactorKind;
  /** Which step of a sign-in it answers: by configuration and state, so nothing static. */
  readonly factor: "first" | "second";
  /** Whether a page of somebody else gets nothing of use from it. */
  readonly phishingResistant: boolean;
}

/** A kind of credential. */
export interface CredentialKind {
  /** As stored, and as clients know it: `password`, `oidc`. */
  readonly type: string;
  /** The authenticators of this kind that the person can use now: keys, providers, a password. */
  factors(identity: IdentityRecord): readonly Authenticator[];
}

/** How many first factors a person has, by type; types without one are left out. */
export const countFirstFactors = (
  kinds: readonly CredentialKind[],
  identity: IdentityRecord,
): readonly { readonly type: string; readonly count: number }[] => countFactors(kinds, identity, "first");

/** The types of second factors that a person has. */
export const secondFactors = (kinds: readonly CredentialKind[], identity: IdentityRecord): readonly string[] =>
  countFactors(kinds, identity, "second").map(({ type }) => type);

const countFactors = (kinds: readonly CredentialKind[], identity: IdentityRecord, factor: Authenticator["factor"]) =>
  kinds
    .map((kind) => ({ type: kind.type, count: kind.factors(identity).filter((each) => each.factor === factor).length }))
    .filter(({ count }) => count > 0);
