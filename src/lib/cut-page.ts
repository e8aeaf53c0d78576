/** A page of a list, and the token of the page after it. */
export interface CutPage<Entry> {
  readonly page: readonly Entry[];
  /** Empty: there is none. */
  readonly nextPageToken: string;
}

/**
 * Cuts a page out of what was found for it, which is one entry more than the page has where there is another page.
 *
 * @param size entries of the page
 * @param tokenOf makes the token of what comes after an entry
 */
export const cutPage = <Entry>(
  found: readonly Entry[],
  size: number,
  tokenOf: (last: Entry) => string,
): CutPage<Entry> => {
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  return { page, nextPageToken: last === undefined ? "" : tokenOf(last) };
};
