import type { JsonObject } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../gen/ostiary/events/v1/event_pb.ts";
import type { ReceiverConfig } from "../config/events-config.ts";

/** What a request to a receiver says, and how. */
export interface EventBody {
  readonly contentType: string;
  readonly text: string;
}

/** Prints an event as REST does. */
export type PrintEvent = (desc: typeof EventSchema, event: Event) => JsonObject;

/** Makes the body of a delivery: the event itself, or in an envelope (CloudEvents 1.0, JSON format, section 3). */
export const makeBody = (
  format: ReceiverConfig["format"],
  event: Event,
  { print, source }: { readonly print: PrintEvent; readonly source: string },
): EventBody => {
  const data = print(EventSchema, event);
  if (format === "ostiary") return { contentType: "application/json", text: JSON.stringify(data) };
  const envelope = {
    specversion: "1.0",
    id: event.id,
    source,
    type: `ostiary.events.v${event.schemaVersion}.${event.type}`,
    subject: event.identityId,
    time: data.time ?? null,
    datacontenttype: "application/json",
    data,
  };
  return { contentType: "application/cloudevents+json; charset=utf-8", text: JSON.stringify(envelope) };
};
