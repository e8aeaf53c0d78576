/**
 * What a submit rests on (the person, a credential, the session, the flow, or
 * what was parked) was changed by another request after it was read. Nothing
 * was written.
 */
export interface ConcurrentChange {
  readonly kind: "concurrent_change";
}

/** The result of a submit that another request came before. */
export const concurrentChange: ConcurrentChange = { kind: "concurrent_change" };

/** Rolls a transaction back for a `ConcurrentChange`. */
export class ConcurrentChangeError extends Error {
  override readonly name = "ConcurrentChangeError";
}
