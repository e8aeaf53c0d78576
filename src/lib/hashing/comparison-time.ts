/** How long comparing with a hash made as configured takes lately, in milliseconds. */
export interface ComparisonTime {
  /** 0 before the first. */
  readonly milliseconds: number;
  /** Whether it is known well enough, and was measured recently enough, to be relied on without measuring. */
  isKnown(): boolean;
  /** Learns of one that was measured. */
  learn(milliseconds: number): void;
}

/** The first ones may have met a busy machine. */
const ENOUGH = 8;
/** Milliseconds after which a comparison is measured again, whoever asks. */
const STALE_AFTER = 2_000;
/**
 * Follows a machine that has become quicker at once, and one that has become slower with care: who waits for nothing
 * keeps others waiting.
 */
const DOWN = 0.3;
const UP = 0.1;

/** Creates it; `now` is a clock that only runs forward, in milliseconds. */
export const createComparisonTime = (now: () => number = () => performance.now()): ComparisonTime => {
  let [time, count, lastAt] = [0, 0, Number.NEGATIVE_INFINITY];
  return {
    get milliseconds() {
      return time;
    },
    isKnown: () => count >= ENOUGH && now() - lastAt < STALE_AFTER,
    learn: (milliseconds) => {
      time = count === 0 ? milliseconds : time + (milliseconds - time) * (milliseconds < time ? DOWN : UP);
      count += 1;
      lastAt = now();
    },
  };
};
