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

const known = new Map<string, boolean>();

/**
 * Whether a statement writes what a request may ask for. A request that failed without such a write may be sent again
 * with its id (docs/repeated-requests.md).
 */
export const isOutcome = (sql: string): boolean => {
  const before = known.get(sql);
  if (before !== undefined) return before;
  const table = /^\s*(?:INSERT(?: IGNORE)? INTO|REPLACE INTO|UPDATE|DELETE FROM)\s+(\w+)/i.exec(sql)?.[1];
  const found = table !== undefined && !notOutcomes.has(table) && !lock.test(sql);
  known.set(sql, found);
  return found;
};
