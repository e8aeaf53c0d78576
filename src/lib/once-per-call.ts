import type { Call } from "./call.ts";

/**
 * Does work once for each call, however often the steps of its submit are repeated. A failure is not repeated either.
 *
 * @param key tells apart what is done for one call
 */
export type OncePerCall = <T>(call: Pick<Call, "remoteAddress">, key: string, work: () => Promise<T>) => Promise<T>;

/** Creates it. Results are there as long as their call. */
export const createOncePerCall = (): OncePerCall => {
  const results = new WeakMap<object, Map<string, Promise<unknown>>>();
  return <T>(call: object, key: string, work: () => Promise<T>): Promise<T> => {
    const ofCall = results.get(call) ?? new Map<string, Promise<unknown>>();
    results.set(call, ofCall);
    const result = (ofCall.get(key) as Promise<T> | undefined) ?? work();
    ofCall.set(key, result);
    return result;
  };
};
