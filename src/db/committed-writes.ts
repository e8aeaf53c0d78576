import { AsyncLocalStorage } from "node:async_hooks";

/** What was committed while some work ran. */
interface Observation {
  hasWritten: boolean;
}

/** Tables of which no row is what a request asks for: what is counted, forms, what can be resumed, what happened. */
export const notOutcomes: ReadonlySet<string> = new Set([
  "attempts",
  "continuations",
  "event_stream",
  "flow_errors",
  "flows",
  "oidc_nonces",
  "repeated_requests",
  "security_events",
]);

/** How a person is locked, which changes nothing of theirs (identity/locks.ts). */
const lock = /^\s*UPDATE identities SET turn = turn \+ 1 WHERE/;

const observations = new AsyncLocalStorage<Observation>();
const known = new Map<string, boolean>();

/**
 * Runs work that can ask whether anything of what it asks for was committed meanwhile, by whichever of its
 * transactions: after a failure that, and not the kind of the failure, tells whether it may be done again.
 */
export const observeWrites = <T>(work: (hasWritten: () => boolean) => Promise<T>): Promise<T> => {
  const observation = { hasWritten: false };
  return observations.run(observation, () => work(() => observation.hasWritten));
};

/** What a transaction, or a statement by itself, notes its writes in; undefined: nobody asks. */
export const currentObservation = (): Observation | undefined => observations.getStore();

/** Whether a statement writes what a request may ask for. */
export const isOutcome = (sql: string): boolean => {
  const before = known.get(sql);
  if (before !== undefined) return before;
  const table = /^\s*(?:INSERT(?: IGNORE)? INTO|REPLACE INTO|UPDATE|DELETE FROM)\s+(\w+)/i.exec(sql)?.[1];
  const found = table !== undefined && !notOutcomes.has(table) && !lock.test(sql);
  known.set(sql, found);
  return found;
};
