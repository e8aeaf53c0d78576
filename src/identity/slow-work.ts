/**
 * Runs slow work of a submit: hashes, other servers. It never runs while the
 * person's row is locked. When the steps of the submit are repeated because
 * another request came between, work of the same key gives the result that it
 * gave before.
 *
 * @param key names the work and what it was made of; the same key stands for the same result
 */
export type SlowWork = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Slow work is asked for while the person's row is locked: it is done first, without the lock. */
export class SlowWorkWhileLocked extends Error {
  override readonly name = "SlowWorkWhileLocked";
}

/** The slow work of one submit, over all of its tries. */
export interface SlowWorkOfSubmit {
  /** Outside of a transaction: does what was not done yet. */
  readonly unlocked: SlowWork;
  /** Gives results that are there. @throws SlowWorkWhileLocked */
  readonly locked: SlowWork;
}

/** Creates it. Work that fails is done again. */
export const createSlowWork = (): SlowWorkOfSubmit => {
  // Most submits have none.
  let results: Map<string, unknown> | undefined;
  return {
    unlocked: async (key, work) => {
      results ??= new Map();
      if (!results.has(key)) results.set(key, await work());
      return results.get(key) as Awaited<ReturnType<typeof work>>;
    },
    locked: async (key, work) => {
      if (!results?.has(key)) throw new SlowWorkWhileLocked(`${key} was not done yet`);
      return results.get(key) as Awaited<ReturnType<typeof work>>;
    },
  };
};
