import { randomInt } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { type ChallengeBinding, digestedBinding } from "../../challenge/secret-kind.ts";
import type { Clock } from "../../lib/clock.ts";
import { createOneTimeSecrets, type SecretCheck } from "../../lib/one-time-secret.ts";

/** A code that was made just now. */
export interface IssuedCode {
  /** Six digits, for the message and nothing else. */
  readonly code: string;
  /** For the sealed context of the method: a keyed digest of the code and its expiry, never the code. */
  readonly sealed: JsonObject;
}

/** Makes one-time codes and checks them. That a code is good once is up to the transaction of its effect. */
export interface OneTimeCodes {
  /** @param lifespan milliseconds */
  issue(binding: ChallengeBinding, lifespan: number): IssuedCode;
  /**
   * Compares in the same time whatever is right of it. Spaces, and digits of full width, are read as they are meant.
   *
   * @param sealed what `issue` gave; undefined where no code was sent, which no code fits
   */
  check(sealed: JsonObject | undefined, binding: ChallengeBinding, typed: string): SecretCheck;
}

/** How many digits a code has. */
export const CODE_DIGITS = 6;

/**
 * Creates them. Codes are random, six digits, each as likely as the other, and stored as HMAC-SHA-256 of code, flow,
 * address and person.
 *
 * @param keys `secrets.default`: the first makes digests, all of them check (docs/configuration.md)
 */
export const createOneTimeCodes = ({
  keys,
  clock,
}: {
  readonly keys: readonly string[];
  readonly clock: Clock;
}): OneTimeCodes => {
  const secrets = createOneTimeSecrets({ purpose: "one-time code", keys, clock });
  return {
    issue: (binding, lifespan) => {
      const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0");
      return { code, sealed: secrets.keep(code, digestedBinding(binding), lifespan) };
    },
    check: (sealed, binding, typed) => secrets.check(sealed, digestedBinding(binding), asMeant(typed)),
  };
};

/** What was pasted or typed, without spaces and hyphens. */
const asMeant = (typed: string): string => typed.slice(0, 64).normalize("NFKC").replace(/[\s-]/g, "");
