/** The flows that have a page. */
export type PageKind = "registration" | "login" | "settings" | "verification" | "recovery";

/** Parameters of an address; empty and missing ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Creates the address at which a browser begins a flow. */
export type InitUrl = (kind: PageKind, query?: Query) => string;

/**
 * Creates the addresses at which browsers begin flows.
 *
 * @param publicBaseUrl base URL of the public port, with or without the slash
 */
export const createInitUrl = (publicBaseUrl: string): InitUrl => {
  const base = publicBaseUrl.replace(/\/+$/, "");
  return (kind, query = {}) => `${base}/self-service/${kind}/browser${queryText(query)}`;
};

/** Parameters with their question mark, or nothing. */
export const queryText = (query: Query): string => {
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
};
