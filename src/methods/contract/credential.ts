import type { IdentityRecord } from "../../identity/identity.ts";
import { memoize } from "../../lib/memoize.ts";
import type { Via } from "../../schema/extension.ts";
import { isAnotherChannel } from "../../session/aal.ts";
import type { SignedIn } from "../../session/session.ts";

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
  /** How its secret is sent, where it comes in a message. */
  readonly via?: Via;
}

/** One authenticator as its owner knows it. Nothing of it is secret. */
export interface OwnedFactor {
  /** Tells keys of one type apart; empty for types of which there is one. */
  readonly id: string;
  /** What the owner called it, or where its codes go; may be empty. */
  readonly name: string;
  /** RFC 3339; undefined where that is not known. */
  readonly createdAt?: string | undefined;
  /** Single-use codes that are left. */
  readonly remaining?: number | undefined;
}

/** An account at a sign-in provider, as its owner knows it. */
export interface OwnedLink {
  readonly provider: string;
  readonly subject: string;
  readonly account?: string | undefined;
  /** RFC 3339. */
  readonly linked_at?: string | undefined;
}

/** Finds the accounts at sign-in providers that a person has linked. */
export type FindLinks = (identity: IdentityRecord) => readonly OwnedLink[];

/** A kind of credential. */
export interface CredentialKind {
  /** As stored, and as clients know it: `password`, `oidc`. */
  readonly type: string;
  /** What its owner has of it, usable now or not. Links to providers are none of them: see `FindLinks`. */
  owned(identity: IdentityRecord): readonly OwnedFactor[];
  /** It only stands in for others of the second step, and is useless without one: codes on paper. */
  readonly isBackup?: boolean;
  /** The authenticators of this kind that the person can use now: keys, providers, a password. */
  factors(identity: IdentityRecord): readonly Authenticator[];
  /**
   * Whether one of them shows that the person is there just now. Left out: each first factor does, but a provider may
   * sign someone in without asking them.
   */
  reauthenticates?(identity: IdentityRecord): boolean;
}

/** Whether one of the person's first factors shows that they are there just now. */
export const canReauthenticate = (kinds: readonly CredentialKind[], identity: IdentityRecord): boolean =>
  kinds.some(
    (kind) => kind.reauthenticates?.(identity) ?? kind.factors(identity).some(({ factor }) => factor === "first"),
  );

/** How many first factors a person has, by type; types without one are left out. */
export const countFirstFactors = (
  kinds: readonly CredentialKind[],
  identity: IdentityRecord,
): readonly { readonly type: string; readonly count: number }[] => countFirst(ownedFactors(kinds, identity));

/** The authenticators of one kind that a person has. */
interface OwnedFactors {
  readonly type: string;
  readonly authenticators: readonly Authenticator[];
}

/** Of each kind of which the person has any. */
const ownedFactors = (kinds: readonly CredentialKind[], identity: IdentityRecord): readonly OwnedFactors[] =>
  kinds
    .map((kind) => ({ type: kind.type, authenticators: kind.factors(identity) }))
    .filter(({ authenticators }) => authenticators.length > 0);

const countFirst = (owned: readonly OwnedFactors[]) =>
  owned
    .map(({ type, authenticators }) => ({
      type,
      count: authenticators.filter(({ factor }) => factor === "first").length,
    }))
    .filter(({ count }) => count > 0);

/**
 * The types of second factors among those that a person has.
 *
 * @param session where given, a message that comes the way its first step came is none
 */
const secondFactors = (owned: readonly OwnedFactors[], session?: SignedIn["session"]): readonly string[] =>
  owned
    .filter(({ authenticators }) =>
      authenticators.some(
        ({ factor, via }) =>
          factor === "second" && (via === undefined || session === undefined || isAnotherChannel(session, via)),
      ),
    )
    .map(({ type }) => type);

/** What the credentials of a person say about factors: types, as clients know them. */
export interface Factors {
  first(identity: IdentityRecord): readonly string[];
  /** Second factors that add something to what the session rests on. */
  second(signedIn: SignedIn): readonly string[];
  /** See `leftOverBackups`. */
  leftOverBackups(before: IdentityRecord, after: IdentityRecord): readonly string[];
}

/** Creates the answers of all kinds of credentials. */
export const createFactors = (kinds: readonly CredentialKind[]): Factors => {
  // Each request of somebody who is signed in asks.
  const owned = memoize((identity: IdentityRecord) => ownedFactors(kinds, identity));
  return {
    first: (identity) => countFirst(owned(identity)).map(({ type }) => type),
    second: ({ identity, session }) => secondFactors(owned(identity), session),
    leftOverBackups: (before, after) => leftOverBackups(kinds, owned(before), owned(after)),
  };
};

/**
 * The types of backups that a change leaves without anything to stand in for, because it takes the last other second
 * factor: they would go on asking for a second step.
 */
const leftOverBackups = (
  kinds: readonly CredentialKind[],
  before: readonly OwnedFactors[],
  after: readonly OwnedFactors[],
): readonly string[] => {
  const backups = kinds.filter(({ isBackup }) => isBackup).map(({ type }) => type);
  const isOther = (type: string) => !backups.includes(type);
  const left = secondFactors(after);
  return secondFactors(before).some(isOther) && !left.some(isOther) ? left : [];
};
