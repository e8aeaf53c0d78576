/**
 * Whether an entry of `allowed_origins` can match what browsers send as `Origin`:
 * scheme, host and port, with at most one star in the host. One with a path,
 * a query or a user never does.
 */
export const isCorsOrigin = (entry: string): boolean =>
  entry === "*" || /^[a-z][a-z0-9+.-]*:\/\/[^/*?#@]*\*?[^/*?#@]*\/?$/i.test(entry);
