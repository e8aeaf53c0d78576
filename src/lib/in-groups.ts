/** How work is done in groups. */
export interface GroupOptions {
  /** Most items of one group. */
  readonly most: number;
  /** Groups under way at once, at most: what comes meanwhile waits, and goes together. Left out: no bound. */
  readonly atOnce?: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Does work for several items at once: those that come in the same turn of the event loop, and those that come while
 * as many groups are under way as may be. Nothing waits for others to come. A group that fails, fails for all in it.
 *
 * @param work gives the results in the order of the items
 */
export const inGroups = <T, R>(
  { most, atOnce = Number.POSITIVE_INFINITY }: GroupOptions,
  work: (items: readonly T[]) => Promise<readonly R[]>,
): ((item: T) => Promise<R>) => {
  const waiting: Waiting<T, R>[] = [];
  let underway = 0;
  let isSet = false;

  const perform = async (group: readonly Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await work(group.map(({ item }) => item));
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as R);
    } catch (cause) {
      for (const { reject } of group) reject(cause);
    }
    underway -= 1;
    begin();
  };

  const begin = (): void => {
    while (waiting.length > 0 && underway < atOnce) {
      underway += 1;
      void perform(waiting.splice(0, most));
    }
  };

  const beginInTurn = (): void => {
    isSet = false;
    begin();
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (isSet) return;
      isSet = true;
      setImmediate(beginInTurn);
    });
};

/** A list of values as long as the next power of two, the last one repeated: so that few statements are prepared. */
export const paddedList = <T>(values: readonly T[]): readonly T[] => {
  const [last] = values.slice(-1);
  if (last === undefined) return values;
  const size = 2 ** Math.ceil(Math.log2(values.length));
  return [...values, ...Array.from({ length: size - values.length }, () => last)];
};

/** Splits a list into parts as long as powers of two, the longest first: so that few statements are prepared. */
export const powersOfTwo = <T>(values: readonly T[], most: number): readonly (readonly T[])[] => {
  const parts: (readonly T[])[] = [];
  for (let from = 0; from < values.length; ) {
    const size = Math.min(most, 2 ** Math.floor(Math.log2(values.length - from)));
    parts.push(values.slice(from, from + size));
    from += size;
  }
  return parts;
};
