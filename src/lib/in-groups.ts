/** How work is done in groups. */
export interface GroupOptions<T> {
  /** Most items of one group. */
  readonly most: number;
  /** Groups under way at once, at most: what comes meanwhile waits, and goes together. Left out: no bound. */
  readonly atOnce?: number;
  /**
   * Whether a group that fails is done again item by item, so that only what fails alone fails; a function is asked
   * with the error. Left out: no.
   */
  readonly retriesAlone?: boolean | ((cause: unknown) => boolean);
  /** What keeps a slow group from holding up the others. Left out: they wait for it. */
  readonly slow?: SlowGroups<T>;
}

/** Groups that take long, most likely because one of their items waits for a lock. */
export interface SlowGroups<T> {
  /** Milliseconds after which a group counts no longer against `atOnce`. */
  readonly after: number;
  /** How many of those there may be. */
  readonly most: number;
  /** What an item may have to wait for: items with a key of a slow group are done after it. */
  keysOf(item: T): readonly string[];
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (cause: unknown) => void;
}

/** How many items of a failed group are done again at once. */
const ALONE_AT_ONCE = 4;

/**
 * Does work for several items at once: those that come in the same turn of the event loop, and those that come while
 * as many groups are under way as may be. Nothing waits for others to come.
 *
 * @param work returns the results in the order of the items
 */
export const inGroups = <T, R>(
  { most, atOnce = Number.POSITIVE_INFINITY, retriesAlone = false, slow }: GroupOptions<T>,
  work: (items: readonly T[]) => Promise<readonly R[]>,
): ((item: T) => Promise<R>) => {
  let waiting: Waiting<T, R>[] = [];
  let underway = 0;
  let isSet = false;
  /** Items of slow groups that are not done yet. */
  const late = new Set<Waiting<T, R>>();
  let slowGroups = 0;

  const attempt = async (group: readonly Waiting<T, R>[]): Promise<void> => {
    const results = await work(group.map(({ item }) => item));
    for (const [at, { resolve }] of group.entries()) resolve(results[at] as R);
  };

  const attemptAlone = async (each: Waiting<T, R>): Promise<void> => {
    try {
      await attempt([each]);
    } catch (cause) {
      each.reject(cause);
    }
    late.delete(each);
    begin();
  };

  const attemptEachAlone = async (group: readonly Waiting<T, R>[]): Promise<void> => {
    const left = group.values();
    const next = async (): Promise<void> => {
      for (const each of left) await attemptAlone(each);
    };
    await Promise.all(Array.from({ length: ALONE_AT_ONCE }, next));
  };

  const perform = async (group: readonly Waiting<T, R>[]): Promise<void> => {
    let isSlow = false;
    const timer =
      slow &&
      setTimeout(() => {
        if (slowGroups >= slow.most) return;
        isSlow = true;
        slowGroups += 1;
        underway -= 1;
        for (const each of group) late.add(each);
        begin();
      }, slow.after);
    try {
      await attempt(group);
    } catch (cause) {
      const isRetried = typeof retriesAlone === "boolean" ? retriesAlone : retriesAlone(cause);
      if (isRetried && group.length > 1) await attemptEachAlone(group);
      else for (const { reject } of group) reject(cause);
    }
    clearTimeout(timer);
    for (const each of group) late.delete(each);
    if (isSlow) slowGroups -= 1;
    else underway -= 1;
    begin();
  };

  /** The next items to do, without those that wait for a slow group. */
  const nextGroup = (): readonly Waiting<T, R>[] => {
    if (late.size === 0 || slow === undefined) return waiting.splice(0, most);
    const keys = new Set([...late].flatMap(({ item }) => slow.keysOf(item)));
    const free = waiting.filter(({ item }) => !slow.keysOf(item).some((key) => keys.has(key))).slice(0, most);
    const begun = new Set(free);
    waiting = waiting.filter((each) => !begun.has(each));
    return free;
  };

  const begin = (): void => {
    while (waiting.length > 0 && underway < atOnce) {
      const group = nextGroup();
      if (group.length === 0) return;
      underway += 1;
      void perform(group);
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

/**
 * The same in lanes, which do not wait for each other.
 *
 * @param laneOf one of few numbers
 */
export const inLanes = <T, R>(
  options: GroupOptions<T>,
  laneOf: (item: T) => number,
  work: (items: readonly T[]) => Promise<readonly R[]>,
): ((item: T) => Promise<R>) => {
  const lanes = new Map<number, (item: T) => Promise<R>>();
  return (item) => {
    const lane = lanes.get(laneOf(item)) ?? inGroups(options, work);
    lanes.set(laneOf(item), lane);
    return lane(item);
  };
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
