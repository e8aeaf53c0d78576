/** Reads many keys at once and answers them as pairs; a key without an answer is missing. */
export type ReadMany<V> = (keys: readonly Buffer[]) => Promise<readonly (readonly [Buffer, V])[]>;

const LARGEST = 64;

interface Waiting<V> {
  readonly key: Buffer;
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Makes one read of the lookups that arrive in the same turn of the event loop.
 *
 * A lookup joins a batch that has not been sent, never one in flight, so that
 * it sees all that was committed before it was asked. The list is padded to a
 * power of two, so that few statements are prepared. If a batch fails, each
 * lookup runs alone: one bad key spoils no other.
 */
export const createBatch = <V>(readMany: ReadMany<V>): ((key: Buffer) => Promise<V | undefined>) => {
  let open: Waiting<V>[] = [];

  const alone = async ({ key, resolve, reject }: Waiting<V>) => {
    try {
      resolve((await readMany([key]))[0]?.[1]);
    } catch (cause) {
      reject(cause);
    }
  };

  const send = async (batch: readonly Waiting<V>[]) => {
    const [first] = batch;
    if (first === undefined) return;
    if (batch.length === 1) return alone(first);
    try {
      const keys = batch.map((w) => w.key);
      const found = new Map((await readMany(padded(keys))).map(([key, value]) => [key.toString("latin1"), value]));
      for (const w of batch) w.resolve(found.get(w.key.toString("latin1")));
    } catch {
      await Promise.all(batch.map(alone));
    }
  };

  const flush = () => {
    const batch = open;
    open = [];
    void send(batch);
  };

  return (key) =>
    new Promise((resolve, reject) => {
      if (open.length === 0) setImmediate(flush);
      open.push({ key, resolve, reject });
      if (open.length === LARGEST) {
        const full = open;
        open = [];
        void send(full);
      }
    });
};

const padded = (keys: readonly Buffer[]): readonly Buffer[] => {
  const [first] = keys;
  if (first === undefined) return keys;
  const size = 2 ** Math.ceil(Math.log2(keys.length));
  return [...keys, ...Array.from({ length: size - keys.length }, () => first)];
};
