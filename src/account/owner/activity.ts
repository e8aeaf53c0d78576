import type { ListActivityRequest, ListActivityResponse } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Activity } from "../../../gen/ostiary/account/v1/activity_pb.ts";
import type { StoredEvent } from "../../audit/event-log.ts";
import type { EventDetail } from "../../audit/event-types.ts";
import { readIdToken } from "../../errors/read-id-token.ts";
import type { Call } from "../../lib/call.ts";
import { cutPage } from "../../lib/cut-page.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { OwnerDeps } from "./deps.ts";

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

/** Creates ListActivity: what happened to the account of whoever calls, and to no other. */
export const createListActivity =
  ({ activity: { db, events, pages }, sessions: { callers }, requiredAal }: OwnerDeps) =>
  async (request: ListActivityRequest, call: Call): Promise<ListActivityResponse> => {
    const caller = await callers.mustBeAt(call, requiredAal);
    const identityId = caller.identity.id;
    const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
    const id = readIdToken(pages, request.pageToken);
    const before = id === undefined ? undefined : { identityId, id, createdAt: new Date(0) };
    const found = await events.list(db, { identityId, types: [] }, before, size + 1);
    const { page, nextPageToken } = cutPage(found, size, (event) => pages.seal(event.id));
    return {
      $typeName: "ostiary.account.v1.ListActivityResponse",
      activity: page.map((event) => renderEvent(event, caller.session.id)),
      nextPageToken,
    };
  };

/** An event as the owner of the account sees it. */
const renderEvent = (event: StoredEvent, sessionId: string): Activity => {
  const { method = "", operator, provider = "", reason = "" } = event.detail as EventDetail;
  return {
    $typeName: "ostiary.account.v1.Activity",
    id: event.id,
    type: event.type,
    time: timestamp(event.createdAt),
    refused: event.outcome === "refused",
    byOperator: operator !== undefined,
    currentSession: event.sessionId === sessionId,
    remoteAddress: operator === undefined ? event.remoteAddress : "",
    userAgent: operator === undefined ? event.userAgent : "",
    method,
    provider,
    reason,
  };
};
