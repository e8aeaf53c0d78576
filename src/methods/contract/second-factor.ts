import { serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { RateLimiter } from "../../limits/rate-limiter.ts";
import type { Authenticated } from "./authentication.ts";
import type { Rejected } from "./result.ts";

/**
 * Tries a second factor, unless too many of the person's have failed: all of them
 * count together, in whatever session, flow and by whatever method they are tried.
 *
 * @throws RATE_LIMITED
 */
export type SecondFactorAttempts = (
  identity: IdentityRecord,
  verify: () => Promise<Authenticated | Rejected>,
) => Promise<Authenticated | Rejected>;

/** Creates it. */
export const createSecondFactorAttempts =
  (limiter: RateLimiter): SecondFactorAttempts =>
  async (identity, verify) => {
    const tried = await limiter.attempt(limiter.secondFactorBuckets(identity.id), async () => {
      const result = await verify();
      return { failed: result.kind !== "authenticated", value: result };
    });
    if (tried.kind === "made") return tried.value;
    throw serviceError("RATE_LIMITED", {
      explain: "Too many failed attempts at the second factor. Try again later.",
      details: { retry_after: tried.seconds },
      headers: { "retry-after": String(tried.seconds) },
    });
  };
