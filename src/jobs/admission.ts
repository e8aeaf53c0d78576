import type { DeliveryPace } from "./pace.ts";

/** Admits queued deliveries: the longest queued first, so many at once as the pace allows. */
export interface DeliveryAdmission {
  /**
   * Waits for the turn of a delivery; what is given ends it. Rejects with the signal's reason once it is aborted.
   *
   * @param queuedFor milliseconds since it was queued
   */
  begin(queuedFor: number, signal: AbortSignal): Promise<() => void>;
  /** Deliveries that take long: they are under way beside those that the pace allows. */
  readonly slow: number;
}

/** What admission depends on. */
export interface AdmissionOptions {
  /** How many may be delivered at once now, those that take long not counted. */
  readonly limit: () => number;
  /** Deliveries at once, all counted. */
  readonly most: number;
  /** Whether there is other work that deliveries make room for. */
  readonly isBusy: () => boolean;
}

interface Waiting {
  readonly resolve: (end: () => void) => void;
  /** On the clock of `performance`. */
  readonly queuedAt: number;
}

/** Deliveries that a node has claimed beyond those that are under way: one statement claims several. */
const AHEAD = 8;
/** Milliseconds beyond its timeout after which an attempt is aborted from outside. */
const GRACE_MS = 60_000;
/** Milliseconds after which a delivery does not keep the others waiting: another server is slow, and not this one. */
const SLOW_MS = 1_000;
/** What was queued so many milliseconds ago makes room for nothing. */
const LATE_MS = 3_000;
/** Between two deliveries beside other work there is so much time, in multiples of what one takes; milliseconds. */
const REST = { times: 2, least: 10, most: 200 } as const;

/** Creates admission. */
export const createDeliveryAdmission = ({ limit, most, isBusy }: AdmissionOptions): DeliveryAdmission => {
  let waiting: readonly Waiting[] = [];
  let [all, slow] = [0, 0];
  let restsUntil = 0;
  let alarm: NodeJS.Timeout | undefined;

  const enter = (): (() => void) => {
    const began = performance.now();
    let isSlow = false;
    all += 1;
    const timer = setTimeout(() => {
      isSlow = true;
      slow += 1;
      admit();
    }, SLOW_MS);
    timer.unref();
    return () => {
      clearTimeout(timer);
      all -= 1;
      if (isSlow) slow -= 1;
      const now = performance.now();
      const rest = Math.min(REST.most, Math.max(REST.least, REST.times * (now - began)));
      if (isBusy()) restsUntil = now + rest;
      admit();
    };
  };

  const admit = (): void => {
    for (let [next] = waiting; next !== undefined && all < most && all - slow < limit(); [next] = waiting) {
      const now = performance.now();
      const isLate = now - next.queuedAt >= LATE_MS;
      if (!isLate && now < restsUntil) {
        clearTimeout(alarm);
        alarm = setTimeout(admit, Math.min(restsUntil, next.queuedAt + LATE_MS) - now);
        return;
      }
      waiting = waiting.slice(1);
      next.resolve(enter());
    }
  };

  return {
    begin: (queuedFor, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const aborted = () => {
          waiting = waiting.filter((each) => each !== mine);
          reject(signal.reason);
        };
        const mine: Waiting = {
          resolve: (end) => {
            signal.removeEventListener("abort", aborted);
            resolve(end);
          },
          queuedAt: performance.now() - queuedFor,
        };
        signal.addEventListener("abort", aborted, { once: true });
        waiting = [...waiting, mine].toSorted((one, other) => one.queuedAt - other.queuedAt);
        admit();
      }),
    get slow() {
      return slow;
    },
  };
};

/**
 * How many deliveries a node may have claimed at once: those that wait for their turn are counted.
 *
 * @param most deliveries at once; 0: none, which is for other nodes to do
 */
export const mostClaimed = (
  most: number,
  pace: Pick<DeliveryPace, "limit">,
  admission: Pick<DeliveryAdmission, "slow">,
): number => (most === 0 ? 0 : Math.min(most, pace.limit + admission.slow) + AHEAD);

/** The timeout of a job whose request may take so long. Both in milliseconds. */
export const deliveryTimeout = (requestTimeout: number): number => requestTimeout + GRACE_MS;
