import type {
  GetSessionRequest,
  GetSessionResponse,
  ListAllSessionsRequest,
  ListAllSessionsResponse,
  ListIdentitySessionsRequest,
  ListIdentitySessionsResponse,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { unknownPage } from "../../errors/read-id-token.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { parseUuid, uuidText } from "../../lib/ids.ts";
import type { SessionPage } from "../../session/directory.ts";
import type { SignedIn } from "../../session/session.ts";
import type { SessionCursor } from "../../session/store.ts";
import type { SessionAdminDeps } from "./deps.ts";
import { createSessionRenderer, type SessionView } from "./render.ts";

const DEFAULT_PAGE = 250;
const LARGEST_PAGE = 1_000;

/** There is no such session. */
export const noSession = () => serviceError("NOT_FOUND", { explain: "There is no session of this id." });

/** Reads sessions: one, those of a person, all. */
export const createSessionReads = (deps: SessionAdminDeps) => {
  const {
    storage: { clock, db, directory },
    pages,
  } = deps;
  const render = createSessionRenderer(deps);

  const readCursor = (token: string): SessionCursor | undefined => {
    if (token === "") return undefined;
    const [, at, id = ""] = /^(\d{1,15})\/(.+)$/.exec(pages.open(token) ?? "") ?? [];
    const bytes = parseUuid(id);
    if (at === undefined || bytes === undefined) throw unknownPage();
    return { issuedAt: new Date(Number(at)), id: uuidText(bytes) };
  };

  /** A page of what `find` finds, and the token of the next one. */
  const paged = async (
    asked: { readonly size: number; readonly token: string; readonly offset: number; readonly active?: boolean },
    find: (page: SessionPage) => Promise<readonly SignedIn[]>,
    view: SessionView,
  ) => {
    const size = Math.min(LARGEST_PAGE, asked.size || DEFAULT_PAGE);
    const after = readCursor(asked.token);
    const found = await find({
      after,
      limit: size + 1,
      offset: after === undefined ? asked.offset * size : 0,
      active: asked.active,
      now: clock.now(),
    });
    const { page, nextPageToken } = cutPage(found, size, ({ session: { id, issuedAt } }) =>
      pages.seal(`${issuedAt.getTime()}/${id}`),
    );
    return {
      sessions: page.map((each) => render(each, view)),
      nextPageToken,
    };
  };

  return {
    async listAllSessions(request: ListAllSessionsRequest): Promise<ListAllSessionsResponse> {
      const { pageSize: size, pageToken: token, active, expand } = request;
      const view = viewOf(expand);
      const asked = { size, token, offset: 0, ...(active !== undefined && { active }) };
      return {
        $typeName: "ostiary.session.v1.ListAllSessionsResponse",
        ...(await paged(asked, (page) => directory.all(db, page), view)),
      };
    },

    async listIdentitySessions(
      request: ListIdentitySessionsRequest,
      call: Call,
    ): Promise<ListIdentitySessionsResponse> {
      const { id, pageSize, perPage, pageToken: token, page: number, active } = request;
      const asked = {
        size: pageSize || perPage,
        token,
        offset: Math.max(1, number) - 1,
        ...(active !== undefined && { active }),
      };
      const list = await paged(asked, (page) => directory.ofIdentity(db, id, page), {
        devices: true,
        identity: "without_addresses",
      });
      const isAll = token === "" && asked.offset === 0 && list.nextPageToken === "";
      const total = isAll
        ? list.sessions.length
        : await directory.countOfIdentity(db, id, { active, now: clock.now() });
      call.reply.headers.set("x-total-count", String(total));
      return { $typeName: "ostiary.session.v1.ListIdentitySessionsResponse", ...list };
    },

    async getSession({ id, expand }: GetSessionRequest): Promise<GetSessionResponse> {
      const view = viewOf(expand);
      const found = await directory.find(db, id);
      if (found === undefined) throw noSession();
      return { $typeName: "ostiary.session.v1.GetSessionResponse", session: render(found, view) };
    },
  };
};

/** What `expand` asks for, in any spelling. @throws INVALID_FIELD */
const viewOf = (expand: readonly string[]): SessionView => {
  const wanted = expand.map((each) => each.toLowerCase());
  if (!wanted.every((each) => each === "identity" || each === "devices"))
    throw serviceError("INVALID_FIELD", {
      field: "expand",
      explain: "expand: only identity and devices can be included.",
    });
  return { devices: wanted.includes("devices"), identity: wanted.includes("identity") ? "whole" : undefined };
};
