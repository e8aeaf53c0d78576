import { timestampDate } from "@bufbuild/protobuf/wkt";
import type {
  ListDeliveriesRequest,
  ListDeliveriesResponse,
  ReplayEventsRequest,
  ReplayEventsResponse,
} from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import type { EventLog, StoredEvent } from "../audit/event-log.ts";
import type { Database } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Call } from "../lib/call.ts";
import { parseUuid } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";
import { timestamp } from "../lib/timestamp.ts";
import { matchesType } from "./matches-type.ts";
import { mustBeIdentity, mustBeUuid } from "./must-be.ts";
import { deliveryKind, type Outbox, type QueuedEvent } from "./outbox.ts";
import { readCursor, unknownPage, writeCursor } from "./page-cursor.ts";
import type { ReceiverStates } from "./receiver-states.ts";
import { renderEvent } from "./render-event.ts";

/** What listing and replaying deliveries needs. */
export interface EventDeliveriesDeps {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: EventLog;
  readonly outbox: Outbox;
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly states: ReceiverStates;
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;
/** Events that are queued in one call. */
const MOST_REPLAYED = 1_000;

/** Creates ListDeliveries and ReplayEvents. */
export const createEventDeliveries = ({ db, jobs, log, outbox, pages, states }: EventDeliveriesDeps) => {
  const mustBeReceiver = (name: string) => {
    const receiver = outbox.receivers.find((one) => one.name === name);
    if (receiver === undefined) throw invalid("receiver", "No receiver of the configuration has this name.");
    return receiver;
  };

  /** Which events are queued again, and where the next call begins. @throws INVALID_FIELD */
  const chosen = async (request: ReplayEventsRequest, types: readonly string[]) => {
    const { from, ids, until } = request;
    const identityId = request.identityId === "" ? undefined : mustBeIdentity(request.identityId);
    if (ids.length > 0) {
      if (identityId === undefined) throw invalid("identity_id", "Name whose events the ids are.");
      if (from || until) throw invalid("from", "Name either ids or a time.");
      return {
        events: await log.find(
          db,
          identityId,
          ids.map((id) => mustBeUuid(id, "ids")),
        ),
        last: undefined,
      };
    }
    if (from === undefined) throw invalid("from", "Name ids, a time, or parked.");
    const filter = { identityId, types: [], from: timestampDate(from), until: until && timestampDate(until) };
    const found = await log.since(db, filter, readCursor(pages, request.pageToken), MOST_REPLAYED + 1);
    const page = found.slice(0, MOST_REPLAYED);
    return {
      events: page.filter(({ type }) => matchesType(types, type)),
      last: found.length > MOST_REPLAYED ? page.at(-1) : undefined,
    };
  };

  /** Each in a transaction of its own, so that none holds another up. */
  const queueAll = async (receiver: string, events: readonly StoredEvent[], signal: AbortSignal): Promise<void> => {
    for (const { position: _, streamPosition: __, ...event } of events) {
      signal.throwIfAborted();
      await db.transaction((tx) => outbox.queue(tx, receiver, event));
    }
  };

  return {
    async listDeliveries(request: ListDeliveriesRequest): Promise<ListDeliveriesResponse> {
      const { name } = mustBeReceiver(request.receiver);
      const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
      const found = await jobs.list({
        kind: deliveryKind(name),
        parked: request.parked,
        after: readJob(pages, request.pageToken),
        limit: size + 1,
      });
      const page = found.slice(0, size);
      const last = page.at(-1);
      return {
        $typeName: "ostiary.events.v1.ListDeliveriesResponse",
        deliveries: page.map(({ attempts, lastError, parkedAt, payload, position }) => {
          const queued = payload as unknown as QueuedEvent | undefined;
          return {
            $typeName: "ostiary.events.v1.EventDelivery",
            ...(queued && { event: renderEvent({ ...queued, createdAt: new Date(queued.createdAt) }, position) }),
            attempts,
            lastError,
            ...(parkedAt && { parkedAt: timestamp(parkedAt) }),
          };
        }),
        nextPageToken: found.length > size && last ? pages.seal(last.id) : "",
      };
    },

    async replayEvents(request: ReplayEventsRequest, { signal }: Pick<Call, "signal">): Promise<ReplayEventsResponse> {
      const { name, types } = mustBeReceiver(request.receiver);
      if (request.parked && (request.ids.length > 0 || request.from || request.until))
        throw invalid("parked", "Name either parked, or ids, or a time.");
      const choice = request.parked ? undefined : await chosen(request, types);
      await states.resume(name);
      let queued: number;
      if (choice === undefined) queued = await jobs.unpark(deliveryKind(name), MOST_REPLAYED);
      else {
        await queueAll(name, choice.events, signal);
        queued = choice.events.length;
      }
      jobs.wake();
      const hasMore = choice === undefined && queued === MOST_REPLAYED;
      return {
        $typeName: "ostiary.events.v1.ReplayEventsResponse",
        queued,
        nextPageToken: choice?.last ? writeCursor(pages, choice.last) : hasMore ? pages.seal("parked") : "",
      };
    },
  };
};

const invalid = (field: string, explain: string) => serviceError("INVALID_FIELD", { field, explain });

/** @throws INVALID_FIELD */
const readJob = (pages: TextAead, token: string): string | undefined => {
  if (token === "") return undefined;
  const id = pages.open(token) ?? "";
  if (parseUuid(id) === undefined) throw unknownPage();
  return id;
};
