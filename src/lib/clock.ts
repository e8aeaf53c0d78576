/** What time it is. An argument wherever time matters, so that a test decides. */
export interface Clock {
  now(): Date;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() };
