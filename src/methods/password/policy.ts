import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { HashersConfig } from "../../config/hashers-config.ts";
import type { PasswordPolicyConfig } from "../../config/password-config.ts";
import { BCRYPT_MAX_BYTES, type Hasher } from "../../lib/hashing/hasher.ts";
import { normalizePassword } from "../../lib/hashing/normalize-password.ts";
import type { Share } from "../../lib/hashing/share.ts";
import type { AddressRules } from "../../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type BreachCheck, createBreachCheck } from "./breach.ts";
import { isCommon } from "./common.ts";
import { messages } from "./messages.ts";
import { isTooSimilar } from "./similarity.ts";

/** A password that someone wants to have. */
export interface Candidate {
  readonly password: string;
  /** What the person signs in with. */
  readonly identifiers: readonly string[];
  /** The hash of the password they have, if any. */
  readonly currentHash: string | undefined;
  /** On whose share hashes are computed. */
  readonly share: Share;
  /** Goes along with the question to the breach service; see lib/trace.ts. */
  readonly trace?: Readonly<Record<string, string>>;
}

/** Whether it may be theirs. */
export type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly messages: readonly UiText[] }
  /** The breach service did not answer, and the configuration wants it to. */
  | { readonly kind: "unavailable" };

/** Judges passwords that people choose. */
export interface PasswordPolicy {
  /** Checks one password. @throws HashingOverloaded */
  check(candidate: Candidate): Promise<Verdict>;
}

/** What the policy needs. */
export interface PasswordPolicyDeps {
  readonly config: PasswordPolicyConfig;
  readonly hashers: Pick<HashersConfig, "algorithm">;
  readonly hasher: Pick<Hasher, "verify">;
  readonly log: { warn(data: object, message: string): void };
  /** Where the breach service may be. */
  readonly addressRules?: AddressRules;
  /** How the breach service is asked. */
  readonly fetch?: OutboundFetch;
  /** Default: asks the configured host. */
  readonly breaches?: BreachCheck;
}

const BREACHED = "the password has been found in data breaches and must no longer be used.";

/**
 * Creates the policy (docs/compatibility.md, rule 26).
 *
 * The order is fixed: length, equality with the current password, similarity to
 * an identifier, breaches. Of the first three all that fail are reported; the
 * breach service is asked only when none does. There are no rules about kinds
 * of characters, and nothing is cut off. All of it is about the NFC form, and
 * lengths are code points.
 */
export const createPasswordPolicy = (deps: PasswordPolicyDeps): PasswordPolicy => {
  const {
    config,
    hashers,
    hasher,
    log,
    addressRules,
    fetch,
    breaches = createBreachCheck({ host: config.haveibeenpwned_host, addressRules, fetch }),
  } = deps;

  const isBreached = async (password: string, trace: Candidate["trace"]): Promise<Verdict> => {
    if (!config.haveibeenpwned_enabled) return { kind: "accepted" };
    // These need no asking, and stay refused when nobody can be asked.
    if (isCommon(password)) return refused(uiText(general.passwordRefused, { reason: BREACHED }));
    const found = await breaches.count(password, trace);
    if (found.kind === "unavailable") {
      log.warn(
        { reason: found.reason, accepted: config.ignore_network_errors },
        "the breach service could not be asked",
      );
      return config.ignore_network_errors ? { kind: "accepted" } : { kind: "unavailable" };
    }
    return found.count > config.max_breaches
      ? refused(uiText(general.passwordRefused, { reason: BREACHED }))
      : { kind: "accepted" };
  };

  return {
    check: async ({ password: given, identifiers, currentHash, share, trace }) => {
      // Two texts that are no Unicode would become one when they are encoded; U+0000 ends a text for bcrypt.
      if (!given.isWellFormed() || given.includes("\0"))
        return refused(uiText(general.invalid, { reason: "the password has characters that are not allowed" }));
      const password = normalizePassword(given);
      const tooLong = longerThan(password, config, hashers);
      // Nothing slow is done with what may be as long as a body.
      if (tooLong !== undefined) return refused(tooLong);

      const length = Array.from(password).length;
      const found: UiText[] = [];
      if (length < config.min_password_length)
        found.push(uiText(messages.tooShort, { min_length: config.min_password_length, actual_length: length }));
      if (currentHash !== undefined && (await hasher.verify(given, currentHash, share)).ok)
        found.push(uiText(messages.sameAsNow));
      if (
        config.identifier_similarity_check_enabled &&
        identifiers.some((identifier) => isTooSimilar(password, identifier))
      )
        found.push(uiText(messages.tooSimilar));
      return found.length > 0 ? refused(...found) : isBreached(password, trace);
    },
  };
};

const refused = (...texts: readonly UiText[]): Verdict => ({ kind: "refused", messages: texts });

/** The message for a password longer than is allowed, or than bcrypt would look at. */
const longerThan = (
  password: string,
  config: PasswordPolicyConfig,
  { algorithm }: Pick<HashersConfig, "algorithm">,
): UiText | undefined => {
  const bytes = Buffer.byteLength(password);
  if (algorithm === "bcrypt" && bytes > BCRYPT_MAX_BYTES)
    return uiText(messages.tooLong, { max_length: BCRYPT_MAX_BYTES, actual_length: bytes });
  const length = bytes > config.max_password_length ? Array.from(password).length : bytes;
  return length > config.max_password_length
    ? uiText(messages.tooLong, { max_length: config.max_password_length, actual_length: length })
    : undefined;
};
