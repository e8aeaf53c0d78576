import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Clock } from "../../lib/clock.ts";

/** What a code is good for: this flow, this address, this person. */
export interface CodeBinding {
  readonly flowId: string;
  /** Normalised; for what is no address, whatever it is sent to. */
  readonly address: string;
  /** Undefined where nobody is known: a sign-up. */
  readonly identityId: string | undefined;
}

/** A code that was made just now. */
export interface IssuedCode {
  /** Six digits, for the message and nothing else. */
  readonly code: string;
  /** For the sealed context of the method: a keyed digest of the code and its expiry, never the code. */
  readonly sealed: JsonObject;
}

/** What a typed code turned out to be. */
export type CodeCheck = "right" | "wrong" | "expired";

/** Makes one-time codes and checks them. That a code is good once is up to the transaction of its effect. */
export interface OneTimeCodes {
  /** @param lifespan milliseconds */
  issue(binding: CodeBinding, lifespan: number): IssuedCode;
  /**
   * Compares in the same time whatever is right of it. Spaces, and digits of full width, are read as they are meant.
   *
   * @param sealed what `issue` gave; undefined where no code was sent, which no code fits
   */
  check(sealed: JsonObject | undefined, binding: CodeBinding, typed: string): CodeCheck;
}

const DIGITS = 6;

/**
 * Creates them. Codes are random, six digits, each as likely as the other, and kept as HMAC-SHA-256 of code, flow,
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
  const [first] = keys;
  if (first === undefined) throw new RangeError("codes need a key");

  return {
    issue: (binding, lifespan) => {
      const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, "0");
      return {
        code,
        sealed: {
          digest: digest(first, code, binding).toString("base64url"),
          expires_at: clock.now().getTime() + lifespan,
        },
      };
    },

    check: (sealed, binding, typed) => {
      const stored = Buffer.from(String(sealed?.digest ?? ""), "base64url");
      const expected = stored.length === DIGEST_BYTES ? stored : nothing;
      const code = asMeant(typed);
      // Each key is tried, so that time does not tell which one it was.
      const fits = keys.map((key) => timingSafeEqual(digest(key, code, binding), expected)).includes(true);
      if (!fits || expected === nothing) return "wrong";
      return Number(sealed?.expires_at ?? 0) > clock.now().getTime() ? "right" : "expired";
    },
  };
};

const DIGEST_BYTES = 32;
const nothing = Buffer.alloc(DIGEST_BYTES);

/** What was pasted or typed, without spaces and hyphens. */
const asMeant = (typed: string): string => typed.slice(0, 64).normalize("NFKC").replace(/[\s-]/g, "");

/** JSON keeps the parts apart: no two bindings have the same text. */
const digest = (key: string, code: string, { flowId, address, identityId }: CodeBinding): Buffer =>
  createHmac("sha256", key)
    .update(`one-time code ${JSON.stringify([code, flowId, address, identityId ?? null])}`)
    .digest();
