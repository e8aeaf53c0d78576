import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { Share } from "../../lib/hashing/share.ts";
import type { Bucket } from "../../limits/counts.ts";
import { networkOf } from "../../limits/network.ts";
import type { RateLimiter } from "../../limits/rate-limiter.ts";
import type { KnownDevices } from "../../session/known-devices.ts";
import type { SignedIn } from "../../session/session.ts";

/** Who tries a password: what failing counts against, and on whose share it is compared. */
export interface Guesser {
  readonly buckets: readonly Bucket[];
  readonly share: Share;
}

/** What is known of somebody who tries a password. */
export interface Guess {
  /** Normalised. */
  readonly identifier: string;
  /** Whose identifier it is, if anybody's. */
  readonly owner: IdentityRecord | undefined;
  /** Who is signed in already, and authenticates again. */
  readonly signedIn: SignedIn | undefined;
}

/**
 * Tells owners from strangers, as far as that is possible before the password is
 * known: by a live session of the person, or a device on which they signed in
 * before. Both have budgets and shares that no stranger can use up.
 */
export const createGuessers =
  ({ attempts, devices }: { readonly attempts: RateLimiter; readonly devices: KnownDevices }) =>
  async ({ identifier, owner, signedIn }: Guess, call: Call): Promise<Guesser> => {
    const network = networkOf(call.remoteAddress);
    const { signal } = call;
    if (owner && signedIn?.identity.id === owner.id)
      return {
        buckets: attempts.sessionBuckets(signedIn.session.id),
        share: { purpose: "session", network, subject: owner.id, signal },
      };
    const device = owner && (await devices.find(call, owner.id));
    if (owner && device !== undefined)
      return {
        buckets: attempts.deviceBuckets(device, owner.id),
        share: { purpose: "device", network, subject: owner.id, signal },
      };
    return {
      buckets: attempts.loginBuckets(identifier, call.remoteAddress),
      share: { purpose: "sign_in", network, subject: identifier, signal },
    };
  };
