import { readIdToken } from "../../errors/read-id-token.ts";
import type { TextAead } from "../../lib/keyring.ts";

/** Writes and reads page tokens. They are encrypted: where a page ends tells of people. */
export const createPageTokens = (seal: TextAead) => ({
  write: (after: string): string => seal.seal(after),

  /** Where a page begins; undefined: at the start. @throws INVALID_FIELD for what was not sealed here */
  read: (token: string): string | undefined => readIdToken(seal, token),
});
