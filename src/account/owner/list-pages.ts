import { serviceError } from "../../errors/service-error.ts";
import { digestOf } from "../../lib/digest.ts";
import type { TextAead } from "../../lib/keyring.ts";

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

/** A list of what somebody has, in its order. */
export interface OwnedList<Entry> {
  /** Letters: `factors`. */
  readonly name: string;
  /** Whose it is. */
  readonly identityId: string;
  readonly entries: readonly Entry[];
  /** What tells entries apart, as long as they are in the list. */
  readonly keyOf: (entry: Entry) => string;
}

/** Which page of a list is asked for. */
interface PageRequest {
  /** Entries; 0: 50. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

/**
 * Cuts a page out of a list. A token is good for the list of the person that it was made for. Whatever is removed
 * between two pages, nothing that stays is passed over. @throws INVALID_FIELD
 */
export type PageOf = <Entry>(
  list: OwnedList<Entry>,
  request: PageRequest,
) => { readonly entries: Entry[]; readonly nextPageToken: string };

/** Creates the function; see `PageOf`. */
export const createPageOf = (seal: TextAead): PageOf => {
  const startOf = <Entry>({ name, identityId, entries, keyOf }: OwnedList<Entry>, token: string): number => {
    if (token === "") return 0;
    const [list, owner, last, next] = (seal.open(token) ?? "").split("/");
    if (list !== name || owner !== identityId)
      throw serviceError("INVALID_FIELD", {
        field: "page_token",
        explain: "This page_token is not of this list, or too old: begin with the first page.",
      });
    const placeOf = (digest: string | undefined) => entries.findLastIndex((each) => digestOf(keyOf(each)) === digest);
    // Where both ends are gone, what was seen is seen again.
    return placeOf(last) + 1 || Math.max(0, placeOf(next));
  };

  return (list, { pageSize, pageToken }) => {
    const { name, identityId, entries, keyOf } = list;
    const start = startOf(list, pageToken);
    const end = start + Math.min(LARGEST_PAGE, pageSize || DEFAULT_PAGE);
    const [last, next] = entries.slice(end - 1, end + 1).map((each) => digestOf(keyOf(each)));
    return {
      entries: entries.slice(start, end),
      nextPageToken: next === undefined ? "" : seal.seal([name, identityId, last, next].join("/")),
    };
  };
};
