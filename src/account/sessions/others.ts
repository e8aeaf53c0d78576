import type {
  ListSessionsRequest,
  ListSessionsResponse,
  RevokeOtherSessionsRequest,
  RevokeOtherSessionsResponse,
  RevokeSessionRequest,
  RevokeSessionResponse,
} from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { parseUuid, uuidText } from "../../lib/ids.ts";
import { renderSession } from "../../session/render.ts";
import type { SessionCursor } from "../../session/store.ts";
import type { SessionDeps } from "./deps.ts";

const DEFAULT_PAGE = 250;

/** A person's other sessions: to see them and to end them. */
export const createOthers = ({
  storage: { db, clock },
  sessions: { callers, endings: sessionEndings, store: sessions },
  requiredAal,
  schemas,
}: SessionDeps) => ({
  async listSessions(request: ListSessionsRequest, call: Call): Promise<ListSessionsResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    const size = request.pageSize || request.perPage || DEFAULT_PAGE;
    const offset = request.pageToken === "" ? (Math.max(1, request.page) - 1) * size : 0;
    const now = clock.now();
    const found = await sessions.listOthers(db, caller.session, now, size + 1, readCursor(request.pageToken), offset);
    const { page, nextPageToken } = cutPage(found, size, writeCursor);
    const isAll = request.pageToken === "" && offset === 0 && nextPageToken === "";
    const total = isAll ? page.length : await sessions.countOthers(db, caller.session, now);
    call.reply.headers.set("x-total-count", String(total));
    // As in Ory Kratos, the person is rendered without addresses: they are the caller.
    const identity = {
      ...renderIdentity(caller.identity, schemas.urlOf(caller.identity.schemaId)),
      verifiableAddresses: [],
      recoveryAddresses: [],
    };
    return {
      $typeName: "ostiary.session.v1.ListSessionsResponse",
      sessions: page.map((session) => renderSession({ session, identity: caller.identity }, identity, now)),
      nextPageToken,
    };
  },

  async revokeOtherSessions(_: RevokeOtherSessionsRequest, call: Call): Promise<RevokeOtherSessionsResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    const count = await sessionEndings.endOthers(caller.session, call);
    return { $typeName: "ostiary.session.v1.RevokeOtherSessionsResponse", count };
  },

  async revokeSession({ id }: RevokeSessionRequest, call: Call): Promise<RevokeSessionResponse> {
    const caller = await callers.mustBeAt(call, requiredAal);
    if (id.toLowerCase() === caller.session.id)
      throw serviceError("INVALID_FIELD", {
        field: "id",
        explain: "The current session cannot be revoked here. Log out instead.",
      });
    // Scoped to the caller: another person's id changes nothing and shows nothing.
    await sessionEndings.endOther(caller.session, id, call);
    return { $typeName: "ostiary.session.v1.RevokeSessionResponse" };
  },
});

/** A cursor is opaque, not secret: it names a place in the caller's own list. */
const writeCursor = ({ issuedAt, id }: SessionCursor): string =>
  Buffer.from(`${issuedAt.getTime()}/${id}`).toString("base64url");

/** Milliseconds, of the last moment that a DATETIME can hold: MySQL refuses to compare one with a later moment. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const readCursor = (token: string): SessionCursor | undefined => {
  if (token === "") return undefined;
  const [at = "", id = ""] = Buffer.from(token, "base64url").toString("utf8").split("/");
  const bytes = parseUuid(id);
  if (bytes === undefined || !/^\d{1,15}$/.test(at) || Number(at) > LATEST)
    throw serviceError("INVALID_FIELD", { field: "page_token", explain: "This page_token is not valid." });
  return { issuedAt: new Date(Number(at)), id: uuidText(bytes) };
};
