import { parseDuration } from "../lib/duration.ts";
import type { EventsConfig } from "./events-config.ts";
import type { Slice } from "./slice.ts";
import { isMap } from "./tree.ts";

/** What the Standard Webhooks specification recommends: ten attempts over three days. */
const defaultRetry = ["5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"];

/** Reads `events`. */
export function readEvents(events: Slice): EventsConfig {
  return {
    stream: { enabled: events.flag("stream.enabled") },
    delivery: {
      timeout: events.duration("delivery.timeout"),
      concurrency: events.count("delivery.concurrency"),
    },
    receivers: events.parts("receivers").map((receiver) => ({
      name: receiver.text("name"),
      url: receiver.text("url"),
      types: receiver.raw("types") === undefined ? ["*"] : receiver.texts("types"),
      format: receiver.raw("format") === undefined ? "ostiary" : receiver.choice("format"),
      secrets: receiver.texts("secrets"),
      headers: headersOf(receiver.raw("headers")),
      retry: (receiver.raw("retry") === undefined ? defaultRetry : receiver.texts("retry")).map(
        (delay) => parseDuration(delay) ?? 0,
      ),
    })),
  };
}

const headersOf = (raw: unknown): Readonly<Record<string, string>> =>
  isMap(raw) ? Object.fromEntries(Object.entries(raw).map(([name, value]) => [name.toLowerCase(), String(value)])) : {};
