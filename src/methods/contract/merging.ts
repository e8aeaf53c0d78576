import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";

/** A person and what is stored of one of their credentials. */
export interface MergeSide {
  readonly identity: IdentityRecord;
  readonly secret: Secret | undefined;
}

/** Why a part of an account is not transferred. proto/ostiary/account/v1/merge.proto has them. */
export type LossReason =
  | "has_own"
  | "stays"
  | "no_place"
  | "not_verified"
  | "no_identifier"
  | "too_many"
  | "unreadable";

/** One credential of the account that comes to an end. */
export interface MergedPart {
  /** As its owner knows it; may be empty. */
  readonly name: string;
  /** Left out: it is transferred. */
  readonly lost?: LossReason;
}

/** What becomes of one kind of credential. */
export interface MergedCredential {
  /** Left out: the account that stays has what it had. */
  readonly change?: CredentialChange;
  readonly parts: readonly MergedPart[];
}

/** How one kind of credential is transferred when an account is merged into another one of its owner. */
export interface CredentialMerging {
  readonly type: string;
  /** Nothing comes of a kind that the account does not have. It is cheap. */
  merge(from: MergeSide, into: MergeSide, now: Date): MergedCredential;
}
