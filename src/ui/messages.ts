import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type UiText, UiTextType } from "../../gen/ostiary/ui/v1/ui_pb.ts";

/*
 * What a form is made of, apart from any method: this file owns the texts for
 * people that belong to no single method, and the way to make one; node.ts the
 * elements, sort.ts their order, attach-messages.ts how a text finds its
 * element. A method's own texts are in its folder's messages.ts, made with the
 * same creators. Nothing here knows a flow or a schema.
 */

/**
 * One text for people. `{key}` in its wording stands for a value of the
 * context; a list is joined by "or". Clients key on the id and translate by
 * the context, so neither ever changes.
 */
export interface MessageRow<K extends string = string> {
  readonly id: number;
  readonly type: "info" | "error" | "success";
  readonly text: string;
  /** The keys that the context always has. */
  readonly context: readonly K[];
}

const row =
  (type: MessageRow["type"]) =>
  <K extends string = never>(id: number, text: string, ...context: readonly K[]): MessageRow<K> =>
    Object.freeze({ id, type, text, context });

/** Makes the row of a text that informs, such as a label. @public */
export const info = row("info");

/** Makes the row of a text that reports a success. */
const success = row("success");

/** Makes the row of a text that says what is wrong. */
export const error = row("error");

// biome-ignore format: a table, read by its columns
/** The texts that belong to no single method: docs/messages.md. */
export const messages = {
  // Login
  signIn:                 info(1010001, "Sign in"),
  confirmIdentity:        info(1010003, "Please confirm this action by proving that it is you."),
  completeSecondFactor:   info(1010004, "Please complete the second step of signing in."),
  signInWithPassword:     info(1010022, "Sign in with password"),

  // Registration
  signUp:                 info(1040001, "Sign up"),
  signUpContinue:         info(1040003, "Continue"),
  signUpBack:             info(1040008, "Back"),
  chooseCredential:       info(1040009, "Please choose how you want to sign in."),

  // Settings. The documentation of the settings flow prints this text with the type `info`.
  saved:                  info(1050001, "Your changes have been saved!"),
  tooManyNewAddresses:    error(4050002,
    "Too many addresses would wait for their confirmation. Please confirm or give up some of them first."),

  // Recovery
  recovered:              success(1060001,
    "You are back in your account. Please set a new password or another way to sign in now.",
    "privilegedSessionExpiresAt", "privileged_session_expires_at", "privileged_session_expires_at_unix"),
  recoveryLinkSent:       info(1060002,
    "If the address belongs to an account, a message with a link is on its way. Please look for it, also among " +
    "the spam."),
  recoveryCodeSent:       info(1060003,
    "If the address belongs to an account, a message with a code is on its way. Please look for it, also among " +
    "the spam."),
  recoveryCodeSentTo:     info(1060004,
    "If {masked_address} belongs to an account, a message with a code is on its way. Please look for it, also " +
    "among the spam.",
    "masked_address"),
  askForFullAddress:      info(1060005, "Please write the address in full, so that we know that it is yours."),
  chooseRecoveryAddress:  info(1060006, "Where should the code go?"),
  recoveryBack:           info(1060007, "Back"),

  // Verification
  verificationLinkSent:   info(1080001,
    "A message with a link is on its way to the address. Please look for it, also among the spam."),
  verified:               success(1080002, "The address is verified."),
  verificationCodeSent:   info(1080003,
    "A message with a code is on its way to the address. Please look for it, also among the spam."),
  phoneCodeSent:          info(1080004, "A text message with a code is on its way to the number."),
  phoneVerified:          success(1080005, "The phone number is verified."),

  // Of this server's own; Ory Kratos has no such text.
  invited:                info(1059005,
    "Your account is ready. Please choose now how you want to sign in from here on."),
  trustDevice:            info(1059004, "Do not ask for a second factor in this browser for some time"),
  secondFactorRequired:   info(1059003, "Please set up a second factor to go on."),

  // Labels
  maskedAddress:          info(1070000, "{masked_address}", "masked_address"),
  password:               info(1070001, "Password"),
  title:                  info(1070002, "{title}", "title", "name"),
  save:                   info(1070003, "Save"),
  identifier:             info(1070004, "ID"),
  submit:                 info(1070005, "Submit"),
  verifyCode:             info(1070006, "Verify code"),
  email:                  info(1070007, "Email"),
  resendCode:             info(1070008, "Resend code"),
  continue:               info(1070009, "Continue"),
  recoveryCode:           info(1070010, "Recovery code"),
  verificationCode:       info(1070011, "Verification code"),
  registrationCode:       info(1070012, "Registration code"),
  loginCode:              info(1070013, "Login code"),
  signInAndLink:          info(1070014, "Sign in and link"),
  captcha:                info(1070015, "Please complete the captcha to go on."),
  recoveryAddress:        info(1070016, "Recovery address"),
  phoneNumber:            info(1070017, "Phone number"),
  emailOrPhoneNumber:     info(1070018, "Email or phone number"),

  // Validation
  invalid:                error(4000001, "{reason}", "reason"),
  required:               error(4000002, "{property} is missing.", "property"),
  tooShort:               error(4000003,
    "length must be >= {min_length}, but got {actual_length}", "min_length", "actual_length"),
  patternMismatch:        error(4000004, "does not match the pattern {pattern}", "pattern"),
  passwordRefused:        error(4000005, "The password can't be used because {reason}", "reason"),
  invalidCredentials:     error(4000006,
    "The identifier or the password is not right. Please check both for typing errors."),
  identifierTaken:        error(4000007,
    "An account with the same identifier (email, phone, username, …) exists already."),
  totpCodeWrong:          error(4000008, "The code from your authenticator app is not right. Please try again."),
  noIdentifier:           error(4000009,
    "No identifier to sign in with was found in your profile. Please fill it in first."),
  addressUnverified:      error(4000010,
    "Your address is not verified yet. Please look for the message that we sent you."),
  noTotp:                 error(4000011, "You have no authenticator app set up."),
  recoveryCodeUsed:       error(4000012, "This backup recovery code has been used already."),
  noSecurityKey:          error(4000013, "You have no security key set up."),
  noRecoveryCodes:        error(4000014, "You have no backup recovery codes set up."),
  unknownSecurityKey:     error(4000015, "There is no such account, or it has no security key set up."),
  recoveryCodeWrong:      error(4000016, "The backup recovery code is not right."),
  tooLong:                error(4000017,
    "length must be <= {max_length}, but got {actual_length}", "max_length", "actual_length"),
  belowMinimum:           error(4000018, "must be >= {minimum}, but got {actual}", "minimum", "actual"),
  notAboveMinimum:        error(4000019, "must be > {minimum}, but got {actual}", "minimum", "actual"),
  aboveMaximum:           error(4000020, "must be <= {maximum}, but got {actual}", "maximum", "actual"),
  notBelowMaximum:        error(4000021, "must be < {maximum}, but got {actual}", "maximum", "actual"),
  notMultipleOf:          error(4000022, "{actual} is not a multiple of {base}", "base", "actual"),
  tooManyItems:           error(4000023,
    "at most {max_items} entries are allowed, but got {actual_items}", "max_items", "actual_items"),
  tooFewItems:            error(4000024,
    "at least {min_items} entries are needed, but got {actual_items}", "min_items", "actual_items"),
  duplicateItems:         error(4000025, "the entries {index_a} and {index_b} are the same", "index_a", "index_b"),
  wrongType:              error(4000026,
    "must be of type {allowed_types}, but got {actual_type}", "allowed_types", "actual_type"),
  takenSignInToLink:      error(4000027,
    "An account with the same identifier exists already. Please sign in to it to link this one."),
  takenWithHints:         error(4000028,
    "You tried to use {credential_identifier_hint}, which another account has already.",
    "available_credential_types", "available_oidc_providers", "credential_identifier_hint"),
  notConstant:            error(4000029, "must be {expected}", "expected"),
  notConstantValue:       error(4000030, "must be the one value that is allowed"),
  invalidEmail:           error(4000040, "{value} is not a valid email address", "value"),
  invalidPhoneNumber:     error(4000041, "{value} isn't a valid phone number", "value"),

  // Flows
  loginExpired:           error(4010001,
    "The login flow has expired, please try again.", "expired_at", "expired_at_unix"),
  noLoginMethod:          error(4010002,
    "No way to sign in could use what was sent. Did you send the right properties?"),
  noRegistrationMethod:   error(4010003,
    "No way to sign up could use what was sent. Did you send the right properties?"),
  noSettingsMethod:       error(4010004,
    "No settings method could use what was sent. Did you send the right properties?"),
  noRecoveryMethod:       error(4010005,
    "No way to recover could use what was sent. Did you send the right properties?"),
  noVerificationMethod:   error(4010006,
    "No way to verify could use what was sent. Did you send the right properties?"),
  loginCompleted:         error(4010007, "This login was completed already. Please start again."),
  loginCodeInvalid:       error(4010008, "The login code is not right or was used already. Please try again."),
  linkedAccountMismatch:  error(4010009,
    "This account is linked to another person. Please sign in with the right one."),
  unknownAddress:         error(4010010, "The address does not belong to this account."),
  identityDisabled:       error(4010011, "This account was disabled."),
  accountNotFound:        error(4000037, "There is no account that signs in with this."),
  registrationExpired:    error(4040001,
    "The registration flow has expired, please try again.", "expired_at", "expired_at_unix"),
  registrationCodeInvalid: error(4040003, "The code is not right or was used already. Please try again."),
  recoveryCompleted:      error(4060001, "This recovery was completed already. Please start again."),
  recoveryLinkInvalid:    error(4060004, "The link is not right or was used already. Please start again."),
  recoveryExpired:        error(4060005,
    "The recovery flow has expired, please try again.", "expired_at", "expired_at_unix"),
  recoveryCodeInvalid:    error(4060006, "The recovery code is not right or was used already. Please try again."),
  verificationLinkInvalid: error(4070001, "The link is not right or was used already. Please start again."),
  verificationCompleted:  error(4070002, "This verification was completed already. Please start again."),
  verificationExpired:    error(4070005,
    "The verification flow has expired, please try again.", "expired_at", "expired_at_unix"),
  verificationCodeInvalid: error(4070006, "The verification code is not right or was used already. Please try again."),
  settingsExpired:        error(4050001,
    "The settings flow has expired, please try again.", "expired_at", "expired_at_unix"),
} as const;

const types = { info: UiTextType.INFO, error: UiTextType.ERROR, success: UiTextType.SUCCESS } as const;
const fixed = new WeakMap<MessageRow, UiText>();

const wording = (value: JsonValue | undefined): string => {
  if (value === undefined) return "";
  return Array.isArray(value)
    ? value.map(wording).join(" or ")
    : typeof value === "string"
      ? value
      : JSON.stringify(value);
};

const textOf = (message: MessageRow, context: JsonObject): string =>
  message.text.replace(/\{(\w+)\}/g, (_, key: string) => wording(context[key]));

/**
 * Makes the text of a row. Without a context it is one frozen message for all,
 * which encoders may cache.
 *
 * `uiText(messages.tooShort, { min_length: 3, actual_length: 1 })`
 */
export function uiText<K extends string>(
  message: MessageRow<K>,
  ...context: [K] extends [never] ? [] : [Readonly<Record<K, JsonValue>>]
): UiText {
  const [values] = context as readonly JsonObject[];
  if (values !== undefined) {
    return {
      $typeName: "ostiary.ui.v1.UiText",
      id: message.id,
      text: textOf(message, values),
      type: types[message.type],
      context: values,
    };
  }
  const known = fixed.get(message);
  if (known !== undefined) return known;
  const text: UiText = {
    $typeName: "ostiary.ui.v1.UiText",
    id: message.id,
    text: message.text,
    type: types[message.type],
  };
  fixed.set(message, Object.freeze(text));
  return text;
}
