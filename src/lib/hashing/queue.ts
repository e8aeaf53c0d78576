import { createFairQueue } from "./fair-queue.ts";
import { type Purpose, purposes, type Share } from "./share.ts";

/** How much is hashed, and how much waits, for one purpose. */
export interface PurposeStats {
  readonly running: number;
  readonly waiting: number;
  readonly done: number;
  readonly refused: number;
}

/** Lets work run, a bounded number at a time, in a fair order. */
export interface Turns {
  /**
   * Runs `work` when it is its turn. @throws HashingOverloaded when too much waits, HashingAbandoned when its
   * caller has gone
   */
  run<T>(share: Share, work: () => Promise<T>): Promise<T>;
  readonly running: number;
  /** How long work takes lately, in milliseconds, without waiting; 0 before the first. */
  readonly averageMs: number;
  stats(): Readonly<Record<Purpose, PurposeStats>>;
}

/** Too much is hashed and waits already. */
export class HashingOverloaded extends Error {
  override readonly name = "HashingOverloaded";
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("too many passwords are being hashed");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whoever asked for the work has gone before it began. */
export class HashingAbandoned extends Error {
  override readonly name = "HashingAbandoned";

  constructor() {
    super("nobody waits for this hash any more");
  }
}

interface Waiting {
  readonly share: Share;
  readonly since: number;
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
}

/** Creates it. `queue` is how many may wait for each purpose. */
export const createTurns = ({
  concurrency,
  queue: bound,
}: {
  readonly concurrency: number;
  readonly queue: number;
}): Turns => {
  // Without a queue at all, one place is still needed for who may begin at once.
  const queue = createFairQueue<Waiting>(Math.max(1, bound));
  const counts = Object.fromEntries(
    purposes.map((purpose) => [purpose, { running: 0, done: 0, refused: 0 }]),
  ) as Record<Purpose, { running: number; done: number; refused: number }>;
  let running = 0;
  let averageMs = 0;

  const refuse = ({ share: { purpose }, refuse: reject }: Waiting): void => {
    counts[purpose].refused += 1;
    const ahead = queue.waiting(purpose) / concurrency;
    reject(new HashingOverloaded(Math.max(1, Math.ceil((ahead * averageMs) / 1000))));
  };

  const dispatch = (): void => {
    while (running < concurrency) {
      const next = queue.next(averageMs);
      if (next === undefined) return;
      const { share, since, begin, refuse: reject } = next.item;
      if (share.signal?.aborted) {
        queue.charge(share.purpose, -averageMs);
        reject(new HashingAbandoned());
        continue;
      }
      running += 1;
      counts[share.purpose].running += 1;
      share.onTurn?.(performance.now() - since);
      begin();
    }
  };

  const turn = (share: Share): Promise<void> =>
    new Promise((begin, reject) => {
      const waiting: Waiting = { share, since: performance.now(), begin, refuse: reject };
      const dropped = bound === 0 && running >= concurrency ? waiting : queue.add(share, waiting);
      if (dropped !== undefined) refuse(dropped);
      dispatch();
    });

  return {
    run: async (share, work) => {
      await turn(share);
      const started = performance.now();
      const expected = averageMs;
      try {
        return await work();
      } finally {
        const took = performance.now() - started;
        averageMs = averageMs === 0 ? took : averageMs * 0.9 + took * 0.1;
        queue.charge(share.purpose, took - expected);
        const count = counts[share.purpose];
        count.running -= 1;
        count.done += 1;
        running -= 1;
        dispatch();
      }
    },
    get running() {
      return running;
    },
    get averageMs() {
      return averageMs;
    },
    stats: () =>
      Object.fromEntries(
        purposes.map((purpose) => [purpose, { ...counts[purpose], waiting: queue.waiting(purpose) }]),
      ) as Record<Purpose, PurposeStats>,
  };
};
