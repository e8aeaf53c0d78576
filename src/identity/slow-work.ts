/**
 * Runs slow work of a submit: hashes, other servers. It never runs while the
 * person's row is locked. When the steps of the submit are repeated because
 * another request came between, work of the same key returns the result that it
 * gave before.
 *
 * @param key names the work and what it was made of; the same key stands for the same result. A function is called only
 *   where there is another key to compare it with, and must give the same then
 */
export type SlowWork = <T>(key: string | (() => string), work: () => Promise<T>) => Promise<T>;

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

/** What work gave, and what it was made of. */
interface Result {
  readonly key: () => string;
  readonly value: unknown;
}

/** Creates it. Work that fails is done again. */
export const createSlowWork = (): SlowWorkOfSubmit => {
  const results: Result[] = [];
  const find = (key: () => string): Result | undefined => results.find((each) => each.key() === key());
  return {
    unlocked: async (key, work) => {
      const read = readOnce(key);
      const before = find(read);
      if (before) return before.value as Awaited<ReturnType<typeof work>>;
      const value = await work();
      results.push({ key: read, value });
      return value;
    },
    locked: async (key, work) => {
      const read = readOnce(key);
      const before = find(read);
      if (!before) throw new SlowWorkWhileLocked("slow work was not done yet");
      return before.value as Awaited<ReturnType<typeof work>>;
    },
  };
};

const readOnce = (key: string | (() => string)): (() => string) => {
  if (typeof key === "string") return () => key;
  let text: string | undefined;
  return () => {
    text ??= key();
    return text;
  };
};
