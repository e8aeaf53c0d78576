import { timestampDate } from "@bufbuild/protobuf/wkt";
import type {
  DropDeliveriesRequest,
  DropDeliveriesResponse,
  ListDeliveriesRequest,
  ListDeliveriesResponse,
  ReplayEventsRequest,
  ReplayEventsResponse,
} from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import type { EventLog, StoredEvent } from "../audit/event-log.ts";
import { createEventsToRelay, type EventKey } from "../audit/events-to-relay.ts";
import type { Database } from "../db/sql.ts";
import { mustBeUuid } from "../errors/must-be-uuid.ts";
import { readIdToken } from "../errors/read-id-token.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Relay } from "../jobs/relay.ts";
import type { Call } from "../lib/call.ts";
import type { TextAead } from "../lib/keyring.ts";
import { operatorName } from "../lib/operator.ts";
import { timestamp } from "../lib/timestamp.ts";
import type { EventReceivers } from "./admin-receivers.ts";
import { matchesType } from "./matches-type.ts";
import { mustBeIdentity } from "./must-be.ts";
import { deliveryKind, type QueuedEvent } from "./outbox.ts";
import { readCursor, writeCursor } from "./page-cursor.ts";
import type { ReceiverStates } from "./receiver-states.ts";
import { renderEvent } from "./render-event.ts";

/** What listing, replaying and dropping deliveries needs. */
export interface EventDeliveriesDeps {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly events: EventLog;
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly receivers: Pick<EventReceivers, "mustBeConfigured" | "mustHaveDeliveries">;
  readonly relay: Pick<Relay, "wake">;
  readonly states: ReceiverStates;
  readonly log: { info(data: object, message: string): void };
}

/** Events that are queued again, and the last one where there are more. */
interface Chosen {
  readonly events: readonly StoredEvent[];
  readonly last: StoredEvent | undefined;
}

/** How many were queued, and where the next call begins. */
type Queued = Pick<ReplayEventsResponse, "nextPageToken" | "queued">;

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;
/** Events that are queued in one call. */
const MOST_REPLAYED = 1_000;
/** Of these, by one statement, so that none holds another up. */
const MARKED_AT_ONCE = 64;
/** Every job has a higher one. */
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/** Creates ListDeliveries, ReplayEvents and DropDeliveries. */
export const createEventDeliveries = (deps: EventDeliveriesDeps) => {
  const { db, events, jobs, log, pages, receivers, relay, states } = deps;
  const eventsToRelay = createEventsToRelay();

  /** Which events are queued again, and where the next call begins. @throws INVALID_FIELD */
  const chosen = async (request: ReplayEventsRequest, types: readonly string[]): Promise<Chosen> => {
    const { from, ids, until } = request;
    const identityId = request.identityId === "" ? undefined : mustBeIdentity(request.identityId);
    if (ids.length > 0) {
      if (identityId === undefined) throw invalid("identity_id", "Name whose events the ids are.");
      if (from || until) throw invalid("from", "Name either ids or a time.");
      return {
        events: await events.find(
          db,
          identityId,
          ids.map((id) => mustBeUuid(id, "ids")),
        ),
        last: undefined,
      };
    }
    if (from === undefined) throw invalid("from", "Name ids, a time, delivery_ids, or parked.");
    const filter = { identityId, types: [], from: timestampDate(from), until: until && timestampDate(until) };
    const found = await events.since(db, filter, readCursor(pages, request.pageToken), MOST_REPLAYED + 1);
    const page = found.slice(0, MOST_REPLAYED);
    return {
      events: page.filter(({ type }) => matchesType(types, type)),
      last: found.length > MOST_REPLAYED ? page.at(-1) : undefined,
    };
  };

  /** Marks them as when they were written: of somebody who is erased meanwhile nothing is queued. Returns how many. */
  const markAll = async (receiver: string, some: readonly EventKey[], signal: AbortSignal): Promise<number> => {
    let marked = 0;
    for (let from = 0; from < some.length; from += MARKED_AT_ONCE) {
      signal.throwIfAborted();
      marked += await eventsToRelay.mark(db, receiver, some.slice(from, from + MARKED_AT_ONCE));
    }
    if (some.length > 0) relay.wake();
    return marked;
  };

  const queueChosen = async (
    receiver: string,
    { events: some, last }: Chosen,
    signal: AbortSignal,
  ): Promise<Queued> => ({
    queued: await markAll(receiver, some, signal),
    nextPageToken: last ? writeCursor(pages, last) : "",
  });

  /** Deliveries that were parked; before the first page of these, events that none could be queued for. */
  const queueParked = async (receiver: string, after: string | undefined, signal: AbortSignal): Promise<Queued> => {
    const aside = after === undefined ? await eventsToRelay.asideFor(db, receiver, MOST_REPLAYED) : [];
    const marked = await markAll(receiver, aside, signal);
    if (aside.length === MOST_REPLAYED) return { queued: marked, nextPageToken: pages.seal(FIRST_ID) };
    const { queued, last } = await jobs.unpark(deliveryKind(receiver), after, MOST_REPLAYED - aside.length);
    return { queued: marked + queued, nextPageToken: last === undefined ? "" : pages.seal(last) };
  };

  return {
    async listDeliveries(request: ListDeliveriesRequest): Promise<ListDeliveriesResponse> {
      const kind = await receivers.mustHaveDeliveries(request.receiver);
      const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
      const found = await jobs.list({
        kind,
        parked: request.parked,
        after: readIdToken(pages, request.pageToken),
        limit: size + 1,
      });
      const page = found.slice(0, size);
      const last = page.at(-1);
      return {
        $typeName: "ostiary.events.v1.ListDeliveriesResponse",
        deliveries: page.map(({ id, attempts, lastError, parkedAt, payload, position }) => {
          const queued = payload as unknown as QueuedEvent | undefined;
          return {
            $typeName: "ostiary.events.v1.EventDelivery",
            id,
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
      const { name, types } = receivers.mustBeConfigured(request.receiver);
      mustNameOne(request);
      const deliveries = request.deliveryIds.map((id) => mustBeUuid(id, "delivery_ids"));
      const after = request.parked ? readIdToken(pages, request.pageToken) : undefined;
      const isOfQueue = request.parked || deliveries.length > 0;
      const choice = isOfQueue ? undefined : await chosen(request, types);
      await states.resume(name);
      const queue = async (): Promise<Queued> => {
        if (choice) return queueChosen(name, choice, signal);
        if (request.parked) return queueParked(name, after, signal);
        return { queued: await jobs.repeat(deliveryKind(name), deliveries), nextPageToken: "" };
      };
      const answer = await queue();
      jobs.wake();
      return { $typeName: "ostiary.events.v1.ReplayEventsResponse", ...answer };
    },

    async dropDeliveries(
      request: DropDeliveriesRequest,
      { admission }: Pick<Call, "admission">,
    ): Promise<DropDeliveriesResponse> {
      const { receiver } = request;
      const kind = await receivers.mustHaveDeliveries(receiver);
      const ids = request.ids.map((id) => mustBeUuid(id, "ids"));
      const dropped = await jobs.drop(kind, ids);
      log.info({ receiver, dropped, operator: operatorName(admission) }, "an operator dropped deliveries of events");
      jobs.wake(kind);
      return { $typeName: "ostiary.events.v1.DropDeliveriesResponse", dropped };
    },
  };
};

/** What is replayed is named in one way. @throws INVALID_FIELD */
const mustNameOne = ({ deliveryIds, from, ids, parked, until }: ReplayEventsRequest): void => {
  const isOfLog = ids.length > 0 || from !== undefined || until !== undefined;
  if (deliveryIds.length > 0 && (parked || isOfLog))
    throw invalid("delivery_ids", "Name either delivery_ids, or parked, or ids, or a time.");
  if (parked && isOfLog) throw invalid("parked", "Name either parked, or ids, or a time.");
};

const invalid = (field: string, explain: string) => serviceError("INVALID_FIELD", { field, explain });
