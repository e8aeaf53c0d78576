import type { JsonObject } from "@bufbuild/protobuf";
import type { RecordedEvent } from "../audit/audit-log.ts";
import { createEventsToRelay } from "../audit/events-to-relay.ts";
import type { EventsConfig, ReceiverConfig } from "../config/events-config.ts";
import type { PlacedJob } from "../jobs/job.ts";
import type { RelaySource } from "../jobs/relay-rows.ts";
import { sha256 } from "../lib/digest.ts";
import { uuid7, uuidBytes } from "../lib/ids.ts";
import { matchesType } from "./matches-type.ts";

/*
 * Which receivers get an event. An event is written to the log of its person
 * (audit/) with the names of the receivers that want its type; once it is committed, a relay queues a job for each of
 * them, which delivers it (delivery.ts). Operators read and watch the log
 * itself. This folder owns deliveries, the stream and its places.
 */

const PREFIX = "event_";

/** The kind of the jobs of a receiver: each has a queue of its own, so that one that is slow keeps no other waiting. */
export const deliveryKind = (receiver: string): string => `${PREFIX}${receiver}`;

/** The receiver of a kind of jobs; undefined: they are no deliveries. */
export const receiverOf = (kind: string): string | undefined =>
  kind.startsWith(PREFIX) && kind !== placesKind ? kind.slice(PREFIX.length) : undefined;

/** The kind of the job that gives events their places in the stream. No receiver is called so. */
export const placesKind = "event_stream_places";

/** A queued delivery, as its job has it: the event without its position, which the job knows. */
export type QueuedEvent = Omit<RecordedEvent, "createdAt"> & { readonly createdAt: string };

/** Decides who is to get an event, in the transaction that writes it. */
export interface Outbox {
  /** The names of the receivers that want a type of event, by the configuration of this node. */
  wanting(type: string): readonly string[];
  /** Leaves out a receiver that wants no more, on this node; or begins again. */
  setEnded(receiver: string, isEnded: boolean): void;
  readonly receivers: readonly ReceiverConfig[];
}

/** Creates the outbox. */
export const createOutbox = ({ receivers }: Pick<EventsConfig, "receivers">): Outbox => {
  const ended = new Set<string>();
  return {
    receivers,
    wanting: (type) =>
      receivers.flatMap(({ name, types }) => (ended.has(name) || !matchesType(types, type) ? [] : [name])),
    setEnded: (receiver, isEnded) => void (isEnded ? ended.add(receiver) : ended.delete(receiver)),
  };
};

/**
 * Makes the job that delivers an event to a receiver, in its place: before what happened later to the same person.
 *
 * @param position of the event among those of the person; what happened before events were counted, 0, comes first
 */
const deliveryOf = (receiver: string, event: RecordedEvent, position: number): PlacedJob => {
  const { identityId, id, sessionId, type, outcome, remoteAddress, userAgent, requestId, detail } = event;
  const about = { identityId, id, sessionId, type, outcome, remoteAddress, userAgent, requestId, detail };
  const payload: QueuedEvent = { ...about, createdAt: event.createdAt.toISOString() };
  return {
    // Deliveries are listed by their ids: in the order in which it happened.
    id: uuid7(event.createdAt),
    kind: deliveryKind(receiver),
    identityId,
    payload: payload as unknown as JsonObject,
    order: { key: sha256(uuidBytes(identityId)), position },
  };
};

/** Creates what queues deliveries of events that were written, to those who wanted them then. */
export const createEventRelay = (): RelaySource => {
  const events = createEventsToRelay();
  return {
    ...events,
    name: "events",
    read: async (sql, limit, from) => {
      const found = await events.read(sql, limit, from);
      return found.map(({ id, identityId, receivers, event }) => ({
        id,
        identityId,
        jobs: () => {
          const read = event();
          return receivers.map((name) => deliveryOf(name, read, read.position));
        },
      }));
    },
  };
};
