import type { JsonObject } from "@bufbuild/protobuf";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change, CredentialChange, IdentityRecord, ValidTraits } from "../../identity/identity.ts";
import type { AuthenticationMethodReference } from "../../session/issue.ts";
import type { Consume, MethodEvent, Rejected, SubmittedValues, VerifiedCredential } from "./result.ts";

/* Who someone turns out to be: what a login or registration method answers, and what the flows do with it. */

/** Something that waits for the owner of an account to sign in. */
export interface AccountLink {
  /** The method that links it. */
  readonly method: string;
  /** What the owner identifies by. */
  readonly identifier: string;
  /** The methods to prove it with; undefined: it is not told which ones the owner has. */
  readonly availableMethods: readonly string[] | undefined;
  /** What the method itself shows with. No secret. */
  readonly submittedValues: JsonObject;
}

/** The person is who they say. */
export interface Authenticated {
  readonly kind: "authenticated";
  readonly identity: IdentityRecord;
  readonly amr: AuthenticationMethodReference;
  readonly verified: VerifiedCredential;
  /**
   * What changes along with signing in, such as traits that a provider tells: made of the person as they are in the
   * transaction that writes it.
   */
  readonly change?: (identity: IdentityRecord, tx: Sql) => Promise<Change | undefined>;
  readonly consume?: Consume;
}

/** What is linked when the owner of an account has proven that it is theirs. */
export interface LinkedAccount {
  readonly kind: "linked";
  readonly change: Change;
  readonly amr: AuthenticationMethodReference;
  readonly event: MethodEvent;
}

/**
 * Where someone who came to sign in or to sign up has arrived; for a method that
 * cannot know before which of the two it will be.
 */
export type AuthenticationResult =
  | Authenticated
  | RegistrationResult
  | IncompleteRegistration
  | IdentifierConflict
  | Rejected;

/** Has what can be used only once taken along with what becomes of it. */
export const withConsume = (result: AuthenticationResult, consume: Consume | undefined): AuthenticationResult =>
  consume && (result.kind === "authenticated" || result.kind === "registered") ? { ...result, consume } : result;

/** Someone new, of whom not enough is known: they fill in the rest of a sign-up. */
export interface IncompleteRegistration {
  readonly kind: "incomplete";
  readonly rejected: Rejected;
}

/** Someone new, with an identifier or address that an account has: whoever it is must sign in to that account. */
export interface IdentifierConflict {
  readonly kind: "conflict";
  readonly ownerId: string;
  readonly accountLink: AccountLink;
  readonly text: UiText;
  /** What the method needs to link it then. Kept encrypted. */
  readonly linkState: JsonObject;
}

/** A new person: traits that hold and what they sign in with. */
export interface RegistrationResult {
  readonly kind: "registered";
  readonly traits: ValidTraits;
  readonly credentials: readonly CredentialChange[];
  readonly amr: AuthenticationMethodReference;
  /** Beside traits and credentials. */
  readonly extra?: Pick<Change, "verified" | "metadataPublic" | "metadataAdmin">;
  readonly consume?: Consume;
  /** What was typed, in case an identifier turns out to be taken. */
  readonly submittedValues: SubmittedValues;
}
