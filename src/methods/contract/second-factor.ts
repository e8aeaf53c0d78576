import type { Refusals } from "../../audit/refusals.ts";
import { tooManyGuesses } from "../../errors/too-many-guesses.ts";
import type { Call } from "../../lib/call.ts";
import type { RateLimiter } from "../../limits/rate-limiter.ts";
import type { SignedIn } from "../../session/session.ts";
import type { Authenticated } from "./authentication.ts";
import type { Rejected } from "./result.ts";

/**
 * Tries a second factor, unless too many of the person's have failed: all of them
 * count together, in whatever session, flow and by whatever method they are tried.
 *
 * @throws RATE_LIMITED
 */
export type SecondFactorAttempts = (
  signedIn: SignedIn,
  method: string,
  call: Call,
  verify: () => Promise<Authenticated | Rejected>,
) => Promise<Authenticated | Rejected>;

/** Creates the `SecondFactorAttempts`. */
export const createSecondFactorAttempts =
  (limiter: RateLimiter, refusals: Refusals): SecondFactorAttempts =>
  async ({ identity, session }, method, call, verify) => {
    const who = { identityId: identity.id, sessionId: session.id, flow: "login", method, call } as const;
    const tried = await limiter.attempt<Authenticated | Rejected>(
      limiter.secondFactorBuckets(identity.id),
      async () => {
        const result = await verify();
        if (result.kind === "authenticated") return { failed: false, value: result };
        const refused = { identityId: identity.id, reason: "wrong_credential" } as const;
        return { failed: true, value: { ...result, refused } };
      },
    );
    if (tried.kind === "made") return tried.value;
    refusals.record({ ...who, reason: "too_many_attempts" });
    throw tooManyGuesses("Too many failed attempts at the second factor. Try again later.", tried.seconds);
  };
