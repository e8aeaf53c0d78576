/**
 * How much is delivered at once. Between the moment in which a mail server or a receiver has accepted something and the
 * one in which the database knows, a node that dies leaves something that comes twice. That time is short until
 * processor or database are overloaded, and more deliveries at once make it longer then, and nothing faster.
 */
export interface DeliveryPace {
  /** How many may be under way now. */
  readonly limit: number;
  /** Learns how many milliseconds it took to write down what became of a delivery. */
  settled(milliseconds: number): void;
}

/** Milliseconds that writing down takes at most where nothing is overloaded. */
const QUICK_MS = 8;
/** A database that is far away is not overloaded: what is slow is slow in comparison with the best that was seen. */
const TIMES_THE_BEST = 3;
/** How fast the best that was seen is forgotten: it doubles in some 700 deliveries. */
const FORGET = 1.001;
const SMOOTH = 0.2;
const SHRINK = 0.85;

/**
 * Creates a pace. It begins with one, allows one more for each round of deliveries that were written down quickly, and
 * fewer as soon as they are not.
 *
 * @param most deliveries at once, however quickly they are written down
 */
export const createDeliveryPace = (most: number): DeliveryPace => {
  let limit = 1;
  let best = Number.POSITIVE_INFINITY;
  let usual: number | undefined;
  return {
    get limit() {
      return Math.floor(limit);
    },
    settled: (milliseconds) => {
      best = Math.min(best * FORGET, milliseconds);
      usual = usual === undefined ? milliseconds : usual + SMOOTH * (milliseconds - usual);
      const isQuick = usual <= Math.max(QUICK_MS, TIMES_THE_BEST * best);
      limit = isQuick ? Math.min(most, limit + 1 / limit) : Math.max(1, limit * SHRINK);
    },
  };
};
