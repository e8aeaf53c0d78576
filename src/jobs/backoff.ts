/**
 * Makes a schedule of retries: the first after `first`, each next one twice as
 * long, at most `max`. All in milliseconds.
 */
export const exponentialBackoff =
  ({ first, max }: { readonly first: number; readonly max: number }): ((attempt: number) => number) =>
  (attempt) =>
    Math.min(max, first * 2 ** Math.min(attempt - 1, 40));

/**
 * Spreads a delay over half to all of it, so that what failed together is not
 * tried again together.
 */
export const withJitter = (delay: number): number => Math.round(delay * (0.5 + Math.random() / 2));
