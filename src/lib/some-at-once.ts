/**
 * Does the work for all items, at most `atOnce` at a time, and returns the results in the order of the items. After the
 * first failure, or once the signal is aborted, nothing more is begun; what is under way is waited for. Where that was
 * the rest, the results are given.
 *
 * @throws the first failure, or the reason of the signal
 */
export const someAtOnce = async <T, R>(
  items: readonly T[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0 && !signal.aborted) {
      const at = next++;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
  if (next < items.length) signal.throwIfAborted();
  return results;
};
