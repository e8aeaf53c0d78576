import type { EventCursor } from "../audit/event-log.ts";
import { unknownPage } from "../errors/read-id-token.ts";
import { parseUuid } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";

/** Writes where a page of events ended. */
export const writeCursor = (pages: TextAead, { createdAt, identityId, id }: EventCursor): string =>
  pages.seal(`${createdAt.getTime()} ${identityId} ${id}`);

/** Reads it; undefined: the first page. @throws INVALID_FIELD for what was not sealed here */
export const readCursor = (pages: TextAead, token: string): EventCursor | undefined => {
  if (token === "") return undefined;
  const [at = "", identityId = "", id = ""] = (pages.open(token) ?? "").split(" ");
  if (!/^\d{1,15}$/.test(at) || parseUuid(identityId) === undefined || parseUuid(id) === undefined) throw unknownPage();
  return { createdAt: new Date(Number(at)), identityId, id };
};
