import { parseUuid } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";
import { serviceError } from "./service-error.ts";

/**
 * Reads the id that a page token holds; undefined: the first page.
 *
 * @throws INVALID_FIELD for what was not sealed here
 */
export const readIdToken = (pages: Pick<TextAead, "open">, token: string): string | undefined => {
  if (token === "") return undefined;
  const id = pages.open(token) ?? "";
  if (parseUuid(id) === undefined) throw unknownPage();
  return id;
};

/** A page token that was not sealed here. */
export const unknownPage = () =>
  serviceError("INVALID_FIELD", {
    field: "page_token",
    explain: "This page_token is not valid, or too old: begin with the first page.",
  });
