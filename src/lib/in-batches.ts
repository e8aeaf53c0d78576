/** How much a batch may hold, and how long it may wait for more. */
export interface BatchLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Milliseconds from its first entry. */
  readonly wait: number;
}

/**
 * Gathers what comes into batches: each is given when it is full, or when nothing came for a while. Reads one entry
 * ahead and no more.
 */
export async function* inBatches<T>(
  source: AsyncIterable<T>,
  bytesOf: (entry: T) => number,
  limits: BatchLimits,
): AsyncGenerator<readonly T[]> {
  const entries = source[Symbol.asyncIterator]();
  let isOver = false;
  let pending: Promise<IteratorResult<T>> | undefined;
  try {
    while (!isOver) {
      const batch: T[] = [];
      let bytes = 0;
      const timer = createTimer();
      while (batch.length < limits.entries && bytes < limits.bytes) {
        pending ??= entries.next();
        const next = batch.length === 0 ? await pending : await Promise.race([pending, timer.over]);
        if (next === undefined) break;
        pending = undefined;
        if (next.done === true) {
          isOver = true;
          break;
        }
        batch.push(next.value);
        bytes += bytesOf(next.value);
        timer.start(limits.wait);
      }
      timer.stop();
      if (batch.length > 0) yield batch;
    }
  } finally {
    // What is still asked for is nobody's any more.
    pending?.catch(() => undefined);
    if (!isOver) await entries.return?.();
  }
}

/** A period that is measured once, from its first start. */
const createTimer = () => {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  let timer: NodeJS.Timeout | undefined;
  return {
    over,
    start: (milliseconds: number) => {
      timer ??= setTimeout(resolve, milliseconds, undefined);
    },
    stop: () => clearTimeout(timer),
  };
};
