import { serviceError } from "../../errors/service-error.ts";
import { parseUuid, uuidText } from "../../lib/ids.ts";
import type { TextAead } from "../../lib/keyring.ts";

/** Writes and reads page tokens. They are encrypted: where a page ends tells of people. */
export const createPageTokens = (seal: TextAead) => ({
  write: (after: string): string => seal.seal(after),

  /** Where a page begins; undefined: at the start. @throws INVALID_FIELD for what was not sealed here */
  read: (token: string): string | undefined => {
    if (token === "") return undefined;
    const bytes = parseUuid(seal.open(token) ?? "");
    if (bytes === undefined)
      throw serviceError("INVALID_FIELD", {
        field: "page_token",
        explain: "This page_token is not valid, or too old: begin with the first page.",
      });
    return uuidText(bytes);
  },
});
