import { createHmac, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Clock } from "./clock.ts";

/** What a secret is bound to: it is right with the same values only. */
export type SecretBinding = readonly (string | null)[];

/** What a secret that someone brings turned out to be. */
export type SecretCheck = "right" | "wrong" | "expired";

/** Keeps secrets that are sent to people and come back: a keyed digest and an expiry, never the secret. */
export interface OneTimeSecrets {
  /** @param lifespan milliseconds */
  keep(secret: string, binding: SecretBinding, lifespan: number): JsonObject;
  /**
   * Compares, in a time that does not depend on what is right.
   *
   * @param made what `keep` returned; undefined: no secret was sent, and none is right
   */
  check(made: JsonObject | undefined, binding: SecretBinding, secret: string): SecretCheck;
}

const DIGEST_BYTES = 32;
const nothing = Buffer.alloc(DIGEST_BYTES);

/**
 * Creates them: HMAC-SHA-256 of secret and binding.
 *
 * @param purpose a secret of one purpose is none of another
 * @param keys the first makes digests, all of them check; at least one
 */
export const createOneTimeSecrets = ({
  purpose,
  keys,
  clock,
}: {
  readonly purpose: string;
  readonly keys: readonly string[];
  readonly clock: Clock;
}): OneTimeSecrets => {
  const [first] = keys;
  if (first === undefined) throw new RangeError("one-time secrets need a key");
  // JSON holds the parts apart: no two bindings have the same text.
  const digest = (key: string, secret: string, binding: SecretBinding): Buffer =>
    createHmac("sha256", key)
      .update(`${purpose} ${JSON.stringify([secret, ...binding])}`)
      .digest();

  return {
    keep: (secret, binding, lifespan) => ({
      digest: digest(first, secret, binding).toString("base64url"),
      expires_at: clock.now().getTime() + lifespan,
    }),

    check: (made, binding, secret) => {
      const stored = Buffer.from(String(made?.digest ?? ""), "base64url");
      const expected = stored.length === DIGEST_BYTES ? stored : nothing;
      // Each key is tried, so that time does not tell which one it was.
      const fits = keys.map((key) => timingSafeEqual(digest(key, secret, binding), expected)).includes(true);
      if (!fits || expected === nothing) return "wrong";
      return Number(made?.expires_at ?? 0) > clock.now().getTime() ? "right" : "expired";
    },
  };
};
