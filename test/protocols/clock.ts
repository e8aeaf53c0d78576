import type { Clock } from "../../src/lib/clock.ts";

/** A clock that stands still until it is told. */
export interface SteerableClock extends Clock {
  /** Moves on, in milliseconds. */
  advance(milliseconds: number): void;
}

/** Milliseconds. */
export const seconds = (count: number): number => count * 1_000;
/** Milliseconds. */
export const minutes = (count: number): number => count * 60_000;
/** Milliseconds. */
export const hours = (count: number): number => count * 3_600_000;

/** Creates a clock that shows the same moment in every run. */
export const createSteerableClock = (start = new Date("2031-03-04T05:06:07.089Z")): SteerableClock => {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
};
