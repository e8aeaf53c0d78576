type Event<T, R> =
  | { readonly kind: "entry"; readonly next: IteratorResult<T> }
  | { readonly kind: "result"; readonly result: R };

/**
 * Returns the results of work on what comes, in its order and as soon as they are there; works on at most `most`
 * entries at once, and asks for no more meanwhile.
 */
export async function* workAhead<T, R>(
  source: AsyncIterable<T>,
  work: (entry: T) => Promise<R>,
  most: number,
): AsyncGenerator<R> {
  const entries = source[Symbol.asyncIterator]();
  const underway: Promise<Event<T, R>>[] = [];
  let pending: Promise<Event<T, R>> | undefined;
  let isOver = false;
  const begin = (entry: T): void => {
    const event = work(entry).then((result): Event<T, R> => ({ kind: "result", result }));
    event.catch(() => undefined);
    underway.push(event);
  };
  try {
    for (;;) {
      if (!isOver && underway.length < most)
        pending ??= entries.next().then((next): Event<T, R> => ({ kind: "entry", next }));
      const [oldest] = underway;
      const awaited = [pending, oldest].filter((each) => each !== undefined);
      if (awaited.length === 0) return;
      const event = await Promise.race(awaited);
      if (event.kind === "result") {
        underway.splice(0, 1);
        yield event.result;
      } else {
        pending = undefined;
        if (event.next.done === true) isOver = true;
        else begin(event.next.value);
      }
    }
  } finally {
    pending?.catch(() => undefined);
    // Not waited for: an entry that was asked for may never come.
    if (!isOver) entries.return?.().catch(() => undefined);
  }
}
