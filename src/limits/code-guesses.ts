import type { LimitsConfig } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { countOne, createBuckets, secondsUntil } from "./counts.ts";

/** Whose code is guessed, and where. */
export interface CodeGuess {
  readonly flow: { readonly id: string; readonly expiresAt: Date };
  /** Normalised: counted the same whether anybody has it or not. */
  readonly address: string;
  /** Undefined where nobody has the address. */
  readonly identityId: string | undefined;
  /** A device on which this person signed in before, where they have proven the address: `Challenges` knows that. */
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

/** Ends the transaction that counts: what is not compared is no guess of anything. */
class NotCompared extends Error {
  readonly verdict: GuessVerdict;
  constructor(verdict: GuessVerdict) {
    super("too many guesses");
    this.verdict = verdict;
  }
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

  /**
   * What strangers guess leaves the devices of the person their own budgets, and the reverse. Every sign-in makes
   * another device, so that what all of them guess is counted for the person as well.
   */
  const bucketsOf = ({ address, identityId, device }: CodeGuess) =>
    device === undefined
      ? [
          createBucket("code address", address, config.per_address),
          // Counted for nobody as well, so that it takes as long.
          createBucket("code identity", identityId ?? `nobody ${address}`, config.per_identity),
        ]
      : [
          createBucket("code device", `${device} ${identityId ?? address}`, config.per_device),
          createBucket("code devices of identity", identityId ?? `nobody ${address}`, config.per_identity),
        ];

  /** All in one transaction: the rows stay locked until everyone has read their own numbers. @throws NotCompared */
  const consume = (guess: CodeGuess): Promise<GuessVerdict> =>
    db.transaction(async (tx) => {
      const now = clock.now();
      const window = Math.max(1, guess.flow.expiresAt.getTime() - now.getTime());
      const inFlow = { ...createBucket("code flow", guess.flow.id, perFlow), window };
      const buckets = [inFlow, ...bucketsOf(guess)];
      const counts = await countOne(tx, buckets, config.window, now);
      const [isFlowUsedUp, isWaiting, isPersonUsedUp] = buckets.map(
        ({ limit }, at) => (counts[at]?.failures ?? 0) > limit,
      );
      if (isFlowUsedUp) throw new NotCompared({ kind: "flow_used_up" });
      if (isWaiting) throw new NotCompared({ kind: "wait", seconds: secondsUntil(counts[1]?.expiresAt ?? now, now) });
      // Counted in its flow like a wrong code.
      return isPersonUsedUp ? { kind: "wrong" } : { kind: "allowed" };
    });

  return {
    count: async (guess) => {
      try {
        return await consume(guess);
      } catch (thrown) {
        if (thrown instanceof NotCompared) return thrown.verdict;
        throw thrown;
      }
    },
  };
};
