import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages as general, info, uiText } from "../../ui/messages.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { RefusalReason } from "./refusal.ts";

// biome-ignore format: a table, read by its columns
/** The texts of sign-in providers. */
export const messages = {
  signInWith:             info(1010002, "Sign in with {provider}", "provider", "provider_id"),
  confirmLink:            info(1010016,
    "You tried to sign in as {duplicate_identifier}, but an account has that already. Please sign in to it, and " +
    "{provider} will be linked to it.",
    "provider", "newLoginUrl", "new_login_url", "available_providers", "duplicateIdentifier", "duplicate_identifier",
    "available_credential_types"),
  confirmWith:            info(1010018, "Confirm with {provider}", "provider"),
  signUpWith:             info(1040002, "Sign up with {provider}", "provider", "provider_id"),
  link:                   info(1050002, "Link {provider}", "provider"),
  unlink:                 info(1050003, "Unlink {provider}", "provider"),
} as const;

/**
 * The message when a provider's answer is refused. What exactly was wrong is for the log: it would help
 * whoever tries things out.
 */
const refusals: Readonly<Record<RefusalReason, string>> = {
  denied: "The provider did not sign you in, because the request was denied there.",
  provider_error: "The provider reported an error. Please try again.",
  unavailable: "The provider cannot be reached at the moment. Please try again later.",
  misconfigured: "The provider cannot be used at the moment, because of how it is set up.",
  state: "The answer of the provider does not belong to this form. Please start again.",
  issuer: "The answer does not come from the provider that was asked. Please start again.",
  no_code: "The provider did not send an authorization code. Please start again.",
  code: "The authorization code is not valid any more. Please start again.",
  no_id_token: "The provider did not send an ID token (id_token).",
  malformed: "The ID token of the provider cannot be read.",
  algorithm: "The ID token is signed in a way that is not accepted.",
  signature: "The signature of the ID token is not right.",
  audience: "The ID token was issued for another application.",
  expired: "The ID token has expired. Please start again.",
  issued_at: "The ID token is not valid yet. Please start again.",
  nonce: "The ID token was not issued for this form. Please start again.",
  claims: "The provider does not say who you are in a way that can be used.",
  tokens: "The provider sent more than can be stored. It cannot be used until it is set up otherwise.",
};

const fault = (reason: string): FormMessage => ({ node: "", text: uiText(general.invalid, { reason }) });

/** The form's message for a refused answer. */
export const refusalMessage = (reason: RefusalReason): FormMessage => fault(refusals[reason]);

/**
 * One text for a provider that is unknown, linked already or not for this person: no probing (docs/compatibility.md,
 * rule 16).
 */
export const cannotLink = (): FormMessage => fault("This provider cannot be linked: it is unknown, or linked already.");

/** As well for a provider that is unknown as for one that is not linked. */
export const cannotUnlink = (): FormMessage => fault("This provider cannot be unlinked: it is unknown, or not linked.");

/** The last first factor cannot be unlinked. */
export const lastFirstFactor = (): FormMessage =>
  fault("This provider cannot be unlinked: it is the last way to sign in.");

/** Either, not both. */
export const linkAndUnlink = (): FormMessage =>
  fault("A provider is either linked or unlinked: send link or unlink, not both.");

/** The provider's answer does not show that the person proved again who they are. */
export const notProvenAgain = (): FormMessage =>
  fault("The provider did not confirm that you signed in again just now. Please use another way.");

/** The mapper of the provider failed: nothing the person could do about. */
export const mapperFailed = (): FormMessage =>
  fault("What the provider says of you cannot be used at the moment, because of how it is set up.");

/**
 * An address that an account has already: it is linked after a proof of owning that account. Contexts as recorded,
 * both spellings.
 */
export const confirmLinkMessage = (parts: ConfirmLink): UiText =>
  uiText(messages.confirmLink, {
    provider: parts.provider,
    newLoginUrl: parts.newLoginUrl,
    new_login_url: parts.newLoginUrl,
    available_providers: [...parts.availableProviders],
    duplicateIdentifier: parts.duplicateIdentifier,
    duplicate_identifier: parts.duplicateIdentifier,
    available_credential_types: [...parts.availableCredentialTypes],
  });

/** The message for a person who has an account already. The lists are empty unless `login_hints` is on. */
export interface ConfirmLink {
  /** Label of the provider. */
  readonly provider: string;
  readonly newLoginUrl: string;
  readonly duplicateIdentifier: string;
  readonly availableProviders: readonly string[];
  readonly availableCredentialTypes: readonly string[];
}
