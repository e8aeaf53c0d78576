/**
 * Makes a schedule of retries: the first after `first`, each next one twice as
 * long, at most `longest`. All in milliseconds.
 */
export const exponentialBackoff =
  ({ first, longest }: { readonly first: number; readonly longest: number }): ((attempt: number) => number) =>
  (attempt) =>
    Math.min(longest, first * 2 ** Math.min(attempt - 1, 40));

/**
 * Spreads a delay over half to all of it, so that what failed together is not
 * tried again together.
 */
export const withJitter = (delay: number): number => Math.round(delay * (0.5 + Math.random() / 2));
