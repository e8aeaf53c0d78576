import { timestampDate } from "@bufbuild/protobuf/wkt";
import type {
  ListEventsRequest,
  ListEventsResponse,
  VerifyEventsRequest,
  VerifyEventsResponse,
} from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { EventOutcome } from "../../gen/ostiary/events/v1/event_pb.ts";
import type { EventFilter, EventLog } from "../audit/event-log.ts";
import type { VerifyChain } from "../audit/verify-chain.ts";
import type { Sql } from "../db/sql.ts";
import { unknownPage } from "../errors/read-id-token.ts";
import type { Call } from "../lib/call.ts";
import { cutPage } from "../lib/cut-page.ts";
import { parseUuid, uuidBytes, uuidText } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";
import { mustBeIdentity } from "./must-be.ts";
import { readCursor, writeCursor } from "./page-cursor.ts";
import { renderEvent } from "./render-event.ts";

/** What reading events needs. */
export interface EventReadsDeps {
  readonly db: Sql;
  readonly log: EventLog;
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly verifyChain: VerifyChain;
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;
const DEFAULT_IDENTITIES = 100;
const MOST_IDENTITIES = 1_000;

/** Creates ListEvents and VerifyEvents. */
export const createEventReads = ({ db, log, pages, verifyChain }: EventReadsDeps) => ({
  async listEvents(request: ListEventsRequest): Promise<ListEventsResponse> {
    const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
    const found = await log.list(db, filterOf(request), readCursor(pages, request.pageToken), size + 1);
    const { page, nextPageToken } = cutPage(found, size, (event) => writeCursor(pages, event));
    return {
      $typeName: "ostiary.events.v1.ListEventsResponse",
      events: page.map((event) => renderEvent(event, event.position)),
      nextPageToken,
    };
  },

  async verifyEvents(request: VerifyEventsRequest, { signal }: Pick<Call, "signal">): Promise<VerifyEventsResponse> {
    const size = Math.min(MOST_IDENTITIES, request.pageSize || DEFAULT_IDENTITIES);
    const identities =
      request.identityId === ""
        ? await identitiesAfter(db, readIdentity(pages, request.pageToken), size + 1)
        : [mustBeIdentity(request.identityId)];
    const { page, nextPageToken } = cutPage(identities, size, (last) => pages.seal(last));
    let [events, unchained] = [0, 0];
    const faults: VerifyEventsResponse["faults"] = [];
    for (const identityId of page) {
      signal.throwIfAborted();
      const checked = await verifyChain(db, identityId);
      events += checked.events;
      unchained += checked.unchained;
      const { fault } = checked;
      if (fault)
        faults.push({
          $typeName: "ostiary.events.v1.ChainFault",
          identityId,
          position: BigInt(fault.position),
          eventId: fault.eventId ?? "",
          fault: fault.fault,
        });
    }
    return {
      $typeName: "ostiary.events.v1.VerifyEventsResponse",
      identities: page.length,
      events: BigInt(events),
      unchained: BigInt(unchained),
      faults,
      nextPageToken,
    };
  },
});

/** @throws INVALID_FIELD */
const filterOf = ({ identityId, types, outcome, from, until }: ListEventsRequest): EventFilter => ({
  identityId: identityId === "" ? undefined : mustBeIdentity(identityId),
  types,
  outcome: outcome === EventOutcome.DONE ? "done" : outcome === EventOutcome.REFUSED ? "refused" : undefined,
  from: from && timestampDate(from),
  until: until && timestampDate(until),
});

/** Ids of identities that have events, in their order. */
const identitiesAfter = async (db: Sql, after: Buffer, limit: number): Promise<readonly string[]> => {
  const rows = await db.query<{ identity_id: Buffer }>(
    `SELECT DISTINCT e.identity_id FROM security_events e WHERE e.identity_id > ? ORDER BY e.identity_id
      LIMIT ${limit}`,
    [after],
  );
  return rows.map(({ identity_id }) => uuidText(identity_id));
};

/** @throws INVALID_FIELD */
const readIdentity = (pages: TextAead, token: string): Buffer => {
  if (token === "") return Buffer.alloc(0);
  const id = pages.open(token) ?? "";
  if (parseUuid(id) === undefined) throw unknownPage();
  return uuidBytes(id);
};
