import { serviceError } from "../../errors/service-error.ts";
import { type Hasher, HashingOverloaded } from "../../lib/hashing/hasher.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { Candidate, PasswordPolicy } from "./policy.ts";

/** What the flows' password methods do with passwords. */
export interface Passwords {
  /** Says that none was given, in the seed's words. */
  missing(): FormMessage;
  /** Judges a new password and hashes it, unless its hash is known. @throws OVERLOADED, UPSTREAM_FAILED */
  choose(
    choice: Candidate,
    known?: string,
  ): Promise<
    | { readonly kind: "chosen"; readonly hash: string }
    | { readonly kind: "refused"; readonly messages: readonly FormMessage[] }
  >;
  /**
   * Compares. Without a hash it takes as long and says no. A hash that is no
   * longer made as configured comes back made anew. @throws OVERLOADED
   */
  verify(password: string, hash: string | undefined): Promise<{ readonly ok: boolean; readonly rehashed?: string }>;
}

/** Where a rehash that failed is told; signing in goes on without it. */
interface PasswordsLog {
  warn(data: object, message: string): void;
}

/** Creates it of a policy and a hasher. */
export const createPasswords = ({
  policy,
  hasher,
  log,
}: {
  readonly policy: PasswordPolicy;
  readonly hasher: Hasher;
  readonly log: PasswordsLog;
}): Passwords => ({
  missing: () => onField(uiText(messages.invalid, { reason: "length must be >= 1, but got 0" })),

  choose: async (choice, known) => {
    const verdict = await orBusy(policy.check(choice));
    if (verdict.kind === "unavailable")
      throw serviceError("UPSTREAM_FAILED", {
        explain: "The password could not be checked against known breaches. Try again later.",
      });
    if (verdict.kind === "refused") return { kind: "refused", messages: verdict.messages.map(onField) };
    return { kind: "chosen", hash: known ?? (await orBusy(hasher.hash(choice.password))) };
  },

  verify: async (password, hash) => {
    const { ok, rehash } = await orBusy(hasher.verify(password, hash));
    if (!ok || !rehash) return { ok };
    try {
      return { ok, rehashed: await hasher.hash(password) };
    } catch (err) {
      log.warn({ err }, "a password could not be hashed anew; it will be at its next use");
      return { ok };
    }
  },
});

const onField = (text: FormMessage["text"]): FormMessage => ({ node: "password", text });

/** A hasher with too much to do is not the caller's fault: they are told when to come back. */
const orBusy = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HashingOverloaded)
      throw serviceError("OVERLOADED", {
        explain: "Too many passwords are being checked right now.",
        headers: { "retry-after": String(error.retryAfterSeconds) },
      });
    throw error;
  }
};
