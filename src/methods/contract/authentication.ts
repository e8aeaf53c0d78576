import type { JsonObject } from "@bufbuild/protobuf";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Change, CredentialChange, IdentityRecord, ValidTraits } from "../../identity/identity.ts";
import type { AuthenticationMethodReference } from "../../session/issue.ts";
import type { Consume, MethodEvent, Rejected, SubmittedValues, VerifiedCredential } from "./result.ts";

/* Who someone turns out to be: what a login or registration method answers, and what the flows do with it. */

/** An account to link to, once its owner has signed in. */
export interface AccountLink {
  /** The method that links. */
  readonly method: string;
  /** The identifier of the account. */
  readonly identifier: string;
  /** The methods that the owner can sign in with; undefined: the form must not tell. */
  readonly availableMethods: readonly string[] | undefined;
  /** What the method needs to render its nodes. No secret. */
  readonly submittedValues: JsonObject;
}

/** Someone was authenticated. */
export interface Authenticated {
  readonly kind: "authenticated";
  readonly identity: IdentityRecord;
  readonly amr: AuthenticationMethodReference;
  readonly verified: VerifiedCredential;
  /** What using the credential changes: made of the person as they are in the transaction that writes it. */
  readonly change?: (identity: IdentityRecord) => CredentialUse;
  /**
   * What the method has learned of the person, for `LoginMethod.applyUpdate`. Undefined: nothing. Identifiers and
   * addresses in it wait for the second factor of whoever has one.
   */
  readonly update?: () => Promise<JsonObject | undefined>;
  /** Whether the person in that transaction is still the one who was authenticated. Only with `change`. */
  readonly recheck?: (identity: IdentityRecord) => boolean;
  readonly consume?: Consume;
  /** The flow can be used once, as what was sent in it: it is completed in the transaction of its effect. */
  readonly completesFlow?: true;
}

/**
 * What changes as a credential is used. Of what a person signs in with it is that credential alone: others change at
 * the level of the account (docs/second-factors.md), which a first factor need not have.
 */
export interface CredentialUse {
  /** The credential that was verified, such as with a code used up. */
  readonly credential?: Omit<CredentialChange, "type">;
  /** Addresses of the person that were proven by it. */
  readonly verified?: Change["verified"];
}

/** What linking changes, once the owner of the account has signed in. */
export interface LinkedAccount {
  readonly kind: "linked";
  readonly change: Change;
  readonly amr: AuthenticationMethodReference;
  readonly event: MethodEvent;
}

/**
 * Who someone turned out to be who signs in or signs up. Methods such as `oidc`
 * cannot know before which of the two it will be.
 */
export type AuthenticationResult =
  | Authenticated
  | RegistrationResult
  | IncompleteRegistration
  | IdentifierConflict
  | Rejected;

/** Adds what has to be consumed in the transaction of the result. */
export const withConsume = (result: AuthenticationResult, consume: Consume | undefined): AuthenticationResult =>
  consume && (result.kind === "authenticated" || result.kind === "registered") ? { ...result, consume } : result;

/** Someone new, whose traits do not hold yet: a registration form asks for the rest. */
export interface IncompleteRegistration {
  readonly kind: "incomplete";
  readonly rejected: Rejected;
}

/** Someone new, with an identifier or address of an existing account: its owner has to sign in to link it. */
export interface IdentifierConflict {
  readonly kind: "conflict";
  readonly ownerId: string;
  readonly accountLink: AccountLink;
  readonly text: UiText;
  /** What the method needs to link then. Stored encrypted. */
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
  /** See `Authenticated`. */
  readonly completesFlow?: true;
  /** The method that the credentials are of, once an address was proven in the flow. */
  readonly method?: string;
  /** What was submitted, in case an identifier belongs to someone else. */
  readonly submittedValues: SubmittedValues;
}
