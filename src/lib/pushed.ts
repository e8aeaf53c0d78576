import { once } from "node:events";
import { PassThrough } from "node:stream";

/** Gives a value to whoever reads; resolves once there is room for the next. @throws the reason of the signal */
export type Push<T> = (value: T) => Promise<void>;

/**
 * Gives what `produce` pushes, one by one and no faster than it is read. `produce` hears at its next push that nobody
 * reads any more, or that the signal was aborted, also while the reader does not ask for anything.
 *
 * @throws what `produce` throws, or the reason of the signal
 */
export async function* pushed<T>(produce: (push: Push<T>) => Promise<void>, signal: AbortSignal): AsyncGenerator<T> {
  const reader = new AbortController();
  const over = AbortSignal.any([signal, reader.signal]);
  const stream = new PassThrough({ objectMode: true, highWaterMark: 1 });
  const push: Push<T> = async (value) => {
    over.throwIfAborted();
    if (stream.write(value)) return;
    await once(stream, "drain", { signal: over }).catch(() => undefined);
    over.throwIfAborted();
  };
  const produced = produce(push).then(
    () => void stream.end(),
    (error: unknown) => void stream.destroy(error as Error),
  );
  try {
    yield* stream as AsyncIterable<T>;
  } finally {
    reader.abort();
    await produced;
  }
}
