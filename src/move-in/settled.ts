/**
 * Milliseconds after which a time of change, of whole seconds, can stand for no second change any more. The servers of
 * Ory Kratos write it by clocks of their own, which may be behind that of their database by nearly as much.
 */
export const SETTLED_MS = 60_000;
