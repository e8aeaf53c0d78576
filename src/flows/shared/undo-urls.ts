import { withQuery } from "./urls.ts";

/** Where a changed address is undone: the page of a token, and the one afterwards. `page` is the configured URL. */
export const undoUrls = (page: string) => ({
  undoUrl: (token: string): string => withQuery(page, { token }),
  undoneUrl: withQuery(page, { done: "true" }),
});
