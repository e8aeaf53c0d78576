import type { Clock } from "./clock.ts";

/** Something that is fetched, cached, and renewed in the background. */
export interface Cached<T> {
  /** What is stored, if anything is: at once. Otherwise what is fetched now. Throws what fetching threw. */
  get(): Promise<T>;
  /** Fetches again, unless that happened less than `notWithin` milliseconds ago. */
  refresh(notWithin: number): Promise<T>;
}

/** How something is fetched and for how long it is good. Milliseconds. */
export interface CachedOptions<T> {
  readonly load: () => Promise<T>;
  readonly clock: Clock;
  /** From then on it is renewed in the background, and used meanwhile. */
  readonly freshFor: number;
  /** From then on it is not used any more. Left out: it is better than nothing for ever. */
  readonly usableFor?: number;
}

/** Creates a cache of one value. Whoever comes while it is being fetched waits for the same answer. */
export const createCached = <T>({
  load,
  clock,
  freshFor,
  usableFor = Number.POSITIVE_INFINITY,
}: CachedOptions<T>): Cached<T> => {
  let stored: { readonly value: T; readonly at: number } | undefined;
  let failed: { readonly error: unknown; readonly at: number; readonly took: number } | undefined;
  let loading: Promise<T> | undefined;
  const now = () => clock.now().getTime();

  const fetchOnce = (): Promise<T> => {
    const begun = now();
    loading ??= load()
      .then(
        (value) => {
          stored = { value, at: now() };
          failed = undefined;
          return value;
        },
        (error: unknown) => {
          failed = { error, at: now(), took: now() - begun };
          throw error;
        },
      )
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };
  /** A server that lets people wait is left alone for as long; one that refuses at once may be asked again at once. */
  const isPausing = () => failed !== undefined && now() - failed.at < failed.took;

  return {
    get: async () => {
      const age = stored ? now() - stored.at : Number.POSITIVE_INFINITY;
      if (stored && age < usableFor) {
        // Nobody waits for it, and its failure is stored above.
        if (age >= freshFor && !isPausing()) fetchOnce().catch(() => undefined);
        return stored.value;
      }
      if (isPausing()) throw failed?.error;
      return fetchOnce();
    },
    refresh: async (notWithin) => {
      if (stored && now() - stored.at < notWithin) return stored.value;
      if (stored && isPausing()) return stored.value;
      return fetchOnce();
    },
  };
};
