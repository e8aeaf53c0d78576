import { ActorKind, type Event, EventOutcome } from "../../gen/ostiary/events/v1/event_pb.ts";
import type { RecordedEvent } from "../audit/audit-log.ts";
import type { EventDetail } from "../audit/event-types.ts";
import { eventSchemaVersion } from "../audit/event-types.ts";
import { timestamp } from "../lib/timestamp.ts";

/** Renders an event for receivers and operators. `position`: its place among those of the identity; 0 for none. */
export const renderEvent = (event: RecordedEvent, position: number): Event => {
  const { operator, ...detail } = event.detail as EventDetail;
  return {
    $typeName: "ostiary.events.v1.Event",
    id: event.id,
    type: event.type,
    schemaVersion: eventSchemaVersion,
    time: timestamp(event.createdAt),
    identityId: event.identityId,
    position: BigInt(position),
    outcome: event.outcome === "done" ? EventOutcome.DONE : EventOutcome.REFUSED,
    actor: {
      $typeName: "ostiary.events.v1.Actor",
      kind: operator === undefined ? ActorKind.OWNER : ActorKind.OPERATOR,
      name: operator ?? "",
    },
    sessionId: event.sessionId ?? "",
    requestId: event.requestId,
    remoteAddress: event.remoteAddress,
    userAgent: event.userAgent,
    data: { $typeName: "ostiary.events.v1.EventData", ...detail },
  };
};
