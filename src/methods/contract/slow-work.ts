/**
 * Runs slow work of a submit: hashes, other servers. It never runs while the
 * person's row is locked. When the steps of the submit are taken again because
 * another request came between, work of the same key gives the result that it
 * gave before.
 *
 * @param key names the work and what it was made of; the same key stands for the same result
 */
export type SlowWork = <T>(key: string, work: () => Promise<T>) => Promise<T>;
