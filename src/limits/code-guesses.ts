import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { type Bucket, countOne, createBuckets, readCounts, secondsUntil } from "./counts.ts";

/** Whose code is guessed, and where. */
export interface CodeGuess {
  readonly flow: { readonly id: string; readonly expiresAt: Date };
  /** Normalised: counted the same whether anybody has it or not. */
  readonly address: string;
  /** Undefined where nobody has the address. */
  readonly identityId: string | undefined;
  /** A device on which this person signed in before; see `KnownDevices`. */
  readonly device: string | undefined;
}

/** Whether a guess may be compared. */
export type GuessVerdict =
  | { readonly kind: "allowed" }
  /** The flow has had as many guesses as it may: it is replaced by a new one. */
  | { readonly kind: "flow_used_up" }
  /** Too many for the address, or for the device. */
  | { readonly kind: "wait"; readonly seconds: number }
  /** Too many for the person, whatever the address: answered like a wrong code, so that it tells nothing. */
  | { readonly kind: "wrong" };

/** Counts what is guessed of one-time codes: within a flow, for an address and for a person, over all flows. */
export interface CodeGuesses {
  /**
   * Counts a guess before it is compared. It is exact over all nodes: of those at the same moment only as many get
   * through as there is room for.
   */
  count(guess: CodeGuess): Promise<GuessVerdict>;
}

/**
 * Creates the counter. `key` makes the digests.
 *
 * @param perFlow guesses within one flow
 */
export const createCodeGuesses = ({
  db,
  clock,
  config,
  perFlow,
  key,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: LimitsConfig["codes"];
  readonly perFlow: number;
  readonly key: string;
}): CodeGuesses => {
  const createBucket = createBuckets(key);

  /** Seconds to wait; 0 when there was room. The bucket's row stays locked until everyone has read their own number. */
  const consume = (bucket: Bucket, window: number): Promise<number> =>
    db.transaction(async (tx) => {
      const now = clock.now();
      await countOne(tx, [bucket], window, now);
      const [count] = await readCounts(tx, [bucket], now);
      return count && count.failures > bucket.limit ? secondsUntil(count.expiresAt, now) : 0;
    });

  return {
    count: async ({ flow, address, identityId, device }) => {
      const untilItExpires = Math.max(1, flow.expiresAt.getTime() - clock.now().getTime());
      if ((await consume(createBucket("code flow", flow.id, perFlow), untilItExpires)) > 0)
        return { kind: "flow_used_up" };
      // What strangers guess leaves the devices of the person their own budget, and the reverse.
      if (device !== undefined) {
        const bucket = createBucket("code device", `${device} ${identityId ?? address}`, config.per_device);
        const seconds = await consume(bucket, config.window);
        return seconds > 0 ? { kind: "wait", seconds } : { kind: "allowed" };
      }
      const seconds = await consume(createBucket("code address", address, config.per_address), config.window);
      if (seconds > 0) return { kind: "wait", seconds };
      // Counted for nobody as well, so that it takes as long.
      const person = createBucket("code identity", identityId ?? `nobody ${address}`, config.per_identity);
      return (await consume(person, config.window)) > 0 ? { kind: "wrong" } : { kind: "allowed" };
    },
  };
};
