import { serviceError } from "../../errors/service-error.ts";
import type { Hasher, Verified } from "../../lib/hashing/hasher.ts";
import { HashingAbandoned, HashingOverloaded } from "../../lib/hashing/queue.ts";
import type { Share } from "../../lib/hashing/share.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { PasswordMigration } from "./migration.ts";
import type { Candidate, PasswordPolicy } from "./policy.ts";

/** What the flows' password methods do with passwords. */
export interface Passwords {
  /** Says that none was given, in the words of the documentation of the settings flow. */
  missing(): FormMessage;
  /** Judges a new password and hashes it. @throws OVERLOADED, UPSTREAM_FAILED */
  choose(
    choice: Candidate,
  ): Promise<
    | { readonly kind: "chosen"; readonly hash: string }
    | { readonly kind: "refused"; readonly messages: readonly FormMessage[] }
  >;
  /** Compares. Without a hash it takes as long and says no. @throws OVERLOADED */
  verify(password: string, hash: string | undefined, share: Share): Promise<Verified>;
  /** Hashes a password that an operator gives, unjudged. @throws OVERLOADED, INVALID_FIELD */
  hash(password: string): Promise<string>;
  /**
   * Hashes a password anew that is right and was not hashed as configured. Undefined when it cannot be done just
   * now.
   */
  rehash(password: string, share: Share): Promise<string | undefined>;
  /** Asks for passwords that came without a hash; undefined: nobody is asked. */
  readonly migration?: PasswordMigration | undefined;
}

/** Logs a rehash that failed; signing in goes on without it. */
interface PasswordsLog {
  warn(data: object, message: string): void;
}

/** Creates it of a policy and a hasher. */
export const createPasswords = ({
  policy,
  hasher,
  log,
  migration,
}: {
  readonly policy: PasswordPolicy;
  readonly hasher: Hasher;
  readonly log: PasswordsLog;
  readonly migration?: PasswordMigration | undefined;
}): Passwords => ({
  migration,

  missing: () => onField(uiText(messages.invalid, { reason: "length must be >= 1, but got 0" })),

  choose: async (choice) => {
    const verdict = await orBusy(policy.check(choice));
    if (verdict.kind === "unavailable")
      throw serviceError("UPSTREAM_FAILED", {
        explain: "The password could not be checked against known breaches. Try again later.",
      });
    if (verdict.kind === "refused") return { kind: "refused", messages: verdict.messages.map(onField) };
    return { kind: "chosen", hash: await orBusy(hasher.hash(choice.password, choice.share)) };
  },

  verify: (password, hash, share) => orBusy(hasher.verify(password, hash, share)),

  hash: async (password) => {
    try {
      return await orBusy(hasher.hash(password, { purpose: "sign_up", network: "", subject: "operator" }));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw serviceError("INVALID_FIELD", {
        field: "credentials.password.config.password",
        explain: "The password is longer than the limit of bcrypt: 72 bytes.",
      });
    }
  },

  rehash: async (password, share) => {
    try {
      return await hasher.hash(password, share);
    } catch (err) {
      log.warn({ err }, "a password could not be hashed anew; it will be at its next use");
      return undefined;
    }
  },
});

const onField = (text: FormMessage["text"]): FormMessage => ({ node: "password", text });

/** A hasher with too much to do is not the caller's fault: the answer says when to come back. */
const orBusy = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HashingOverloaded)
      throw serviceError("OVERLOADED", {
        explain: "Too many passwords are being checked right now.",
        headers: { "retry-after": String(error.retryAfterSeconds) },
      });
    // Nobody reads this answer.
    if (error instanceof HashingAbandoned)
      throw serviceError("OVERLOADED", { explain: "The call was cancelled while it waited." });
    throw error;
  }
};
