import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { error, messages as general, info, uiText } from "../../ui/messages.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import type { CeremonyFault } from "./ceremony.ts";
import type { KeyFacts } from "./key.ts";

// biome-ignore format: a table, read by its columns
/** The texts of security keys and passkeys. */
export const messages = {
  signInWithKey:     info(1010008, "Sign in with a security key"),
  continueWithKey:   info(1010011, "Continue with a security key"),
  prepareKey:        info(1010012, "Have your security key at hand, and continue."),
  signInWithPasskey: info(1010021, "Sign in with a passkey"),
  signUpWithKey:     info(1040004, "Sign up with a security key"),
  signUpWithPasskey: info(1040007, "Sign up with a passkey"),
  addKey:            info(1050012, "Add a security key"),
  keyName:           info(1050013, "Name of the security key"),
  removeKey:         info(1050018,
    "Remove the security key {display_name}", "display_name", "added_at", "added_at_unix"),
  addPasskey:        info(1050019, "Add a passkey"),
  removePasskey:     info(1050020, "Remove the passkey {display_name}", "display_name", "added_at", "added_at_unix"),
  notVerified:       error(4000043, "The key could not be verified. Please try again."),
} as const;

/** What is said of an answer that is refused, when a key is added. */
const reasons: Readonly<Record<CeremonyFault, string>> = {
  malformed: "The answer of the key cannot be read.",
  type: "The answer of the key is for something else.",
  challenge: "The answer of the key does not belong to this form, or was used already. Please try again.",
  origin: "The answer of the key comes from a page that is not allowed to use it.",
  user_verification: "The passkey did not verify that it is you. Set up a PIN or biometrics for it, and try again.",
  signature: "The key could not be verified. Please try again.",
  counter: "The key was used elsewhere, as a copy of it would be. Please use another way.",
};

/** A text about the form as a whole, or about one of its elements. */
const fault = (reason: string, node = ""): FormMessage => ({ node, text: uiText(general.invalid, { reason }) });

/** An answer that is refused, when a key is added. */
export const registrationFault = (reason: CeremonyFault): Rejected => rejected([fault(reasons[reason])]);

/** An answer that is refused at a sign-in: what can be done about it is said, and nothing else. */
export const assertionFault = (reason: CeremonyFault): Rejected => {
  if (reason === "malformed") return rejected([fault(reasons.malformed)]);
  const isHelpful = reason === "challenge" || reason === "user_verification" || reason === "origin";
  return rejected([isHelpful ? fault(reasons[reason]) : { node: "", text: uiText(messages.notVerified) }]);
};

/** The person has the key already. */
export const keyIsThere = (node: string): FormMessage => fault("You have this key already.", node);

/** More keys than a person may have. */
export const tooManyKeys = (most: number): FormMessage =>
  fault(`You have ${most} keys already. Please remove one first.`);

/** There is no such key. */
export const unknownKey = (): FormMessage => fault("There is no such key.");

/** The last way to sign in stays. */
export const lastFirstFactor = (node: string): FormMessage =>
  fault("This key cannot be removed: it is the last way to sign in.", node);

/** There is nothing in the profile that a key can be found by, or that a passkey can be called. */
export const noIdentifier = (): FormMessage => ({ node: "", text: uiText(general.noIdentifier) });

/** Nobody is known by that identifier, or they have no key. */
export const unknownOwner = (): Rejected => rejected([{ node: "", text: uiText(general.unknownSecurityKey) }]);

/** Label of a key that is removed by it. */
export const removalLabel = (
  message: typeof messages.removeKey | typeof messages.removePasskey,
  { name, addedAt, backupEligible, backedUp }: Pick<KeyFacts, "name" | "addedAt" | "backupEligible" | "backedUp">,
): UiText => {
  const context = {
    display_name: name === "" ? "unnamed" : name,
    added_at: addedAt,
    added_at_unix: Math.floor(Date.parse(addedAt) / 1000),
    // Of a key that never leaves its device there is nothing to say.
    ...(backupEligible === true && { backed_up: backedUp }),
  };
  return uiText(message, context);
};
