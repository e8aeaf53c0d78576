import { paddedList } from "../lib/in-groups.ts";

/**
 * Reads many keys at once and answers them as pairs; a key without an answer is
 * missing. The value is a function, so that a row that cannot be read fails the
 * one who asked for it and no other.
 */
export type ReadMany<V> = (keys: readonly Buffer[]) => Promise<readonly (readonly [Buffer, () => V])[]>;

const LARGEST = 64;

interface Waiting<V> {
  readonly key: Buffer;
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Makes one read of the lookups that are asked for in the same turn of the event loop.
 *
 * A lookup joins a batch that has not been sent, never one in flight, so that
 * it sees all that was committed before it was asked. The list is padded to a
 * power of two, so that few statements are prepared. If the read of a batch
 * fails, all of its lookups fail with it: what failed is the database, which
 * must not be asked once more for each of them.
 */
export const createBatch = <V>(readMany: ReadMany<V>): ((key: Buffer) => Promise<V | undefined>) => {
  let open: Waiting<V>[] = [];

  const send = async (batch: readonly Waiting<V>[]) => {
    let found: ReadonlyMap<string, () => V>;
    try {
      found = new Map(
        (await readMany(paddedList(batch.map(({ key }) => key)))).map(([key, read]) => [nameOf(key), read]),
      );
    } catch (cause) {
      for (const { reject } of batch) reject(cause);
      return;
    }
    for (const { key, resolve, reject } of batch) {
      try {
        resolve(found.get(nameOf(key))?.());
      } catch (cause) {
        reject(cause);
      }
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

const nameOf = (key: Buffer): string => key.toString("latin1");
