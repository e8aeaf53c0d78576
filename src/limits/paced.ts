import { serviceError } from "../errors/service-error.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "./network.ts";

/*
 * Limits on what a network may have stored without being authenticated:
 * flows, and errors for the error page. Stored in the memory of each node, so that
 * they cost nothing where nothing is wrong: on several nodes a network may do so
 * much on each. What must be right on several nodes is counted in the database
 * (rate-limiter.ts).
 */

/** How much may be done in a window. */
export interface Pace {
  readonly window: number;
  readonly per_network: number;
}

/** Paces what networks may do. */
export interface PacedByNetwork {
  /**
   * Counts one; returns the seconds to wait before there may be another, 0 if this one may be.
   *
   * @param device counted instead of the network: a device on which somebody has signed in before, or the id of the
   *   person who is signed in
   */
  consume(address: string, device?: string): number;
  /** @throws RATE_LIMITED */
  consumeOrThrow(address: string, device?: string): void;
}

/** Networks that are counted. Beyond, the one that came first is forgotten. */
const MAX_NETWORKS = 50_000;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Creates a limit: so much at once, and as much again in every window, a little
 * at a time.
 */
export const createPacedByNetwork = ({ window, per_network: most }: Pace, clock: Clock): PacedByNetwork => {
  const buckets = new Map<string, Bucket>();
  const perMs = most / window;

  const refilled = (bucket: Bucket, now: number): number =>
    Math.min(most, bucket.left + Math.max(0, now - bucket.at) * perMs);

  const consume: PacedByNetwork["consume"] = (address, device) => {
    const key = device === undefined ? networkOf(address) : `device ${device}`;
    const now = clock.now().getTime();
    const known = buckets.get(key);
    const left = known ? refilled(known, now) : most;
    // The map is in the order of last use.
    buckets.delete(key);
    if (buckets.size >= MAX_NETWORKS) buckets.delete(buckets.keys().next().value ?? "");
    buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
    return left < 1 ? Math.max(1, Math.ceil((1 - left) / perMs / 1000)) : 0;
  };

  return {
    consume,
    consumeOrThrow: (address, device) => {
      const seconds = consume(address, device);
      if (seconds > 0)
        throw serviceError("RATE_LIMITED", {
          explain: "Too many were begun from this network.",
          headers: { "retry-after": String(seconds) },
        });
    },
  };
};
