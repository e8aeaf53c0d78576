import type { WatchEventsRequest, WatchEventsResponse } from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import type { EventLog, StoredEvent } from "../audit/event-log.ts";
import type { Database } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { TextAead } from "../lib/keyring.ts";
import { matchesType } from "./matches-type.ts";
import { mustBeIdentity } from "./must-be.ts";
import { renderEvent } from "./render-event.ts";
import type { EventStream } from "./stream.ts";

/** What watching needs. */
export interface WatchDeps {
  readonly db: Database;
  readonly log: EventLog;
  readonly stream: EventStream;
  /** Seals resume tokens. */
  readonly tokens: TextAead;
  readonly isEnabled: boolean;
  /** Milliseconds without an event after which an answer says that the call is alive. */
  readonly heartbeat?: number;
}

/** Events that are read at once. A reader that is slow holds no more than these. */
const BATCH = 100;
/** Milliseconds between two looks while nothing happens. */
const INTERVAL_MS = 250;
const HEARTBEAT_MS = 10_000;

/** Creates WatchEvents: it reads on as fast as its answers are read. @throws STREAM_DISABLED, RESUME_TOKEN_EXPIRED */
export const createWatch = ({ db, log, stream, tokens, isEnabled, heartbeat = HEARTBEAT_MS }: WatchDeps) => {
  /** The place after which to begin. */
  const startOf = async ({ fromStart, resumeToken }: WatchEventsRequest): Promise<number> => {
    await stream.advance();
    const { last, purged } = await stream.ends(db);
    if (resumeToken === "") return fromStart ? purged : last;
    if (fromStart) throw invalid("from_start", "A resume_token says where to begin: name one of the two.");
    const place = Number(tokens.open(resumeToken) ?? Number.NaN);
    if (!Number.isSafeInteger(place) || place > last)
      throw invalid("resume_token", "This resume_token is not one of ours: begin without one.");
    return place;
  };

  const answer = (place: number, event: StoredEvent | undefined): WatchEventsResponse => ({
    $typeName: "ostiary.events.v1.WatchEventsResponse",
    ...(event && { event: renderEvent(event, event.position) }),
    resumeToken: tokens.seal(String(place)),
  });

  /** What follows a place. @throws RESUME_TOKEN_EXPIRED */
  const follow = async (place: number): Promise<readonly StoredEvent[]> => {
    await stream.advance();
    const batch = await log.ofStream(db, place, BATCH);
    // Looked at after reading: what was purged in between is missed in silence otherwise.
    if (place < (await stream.ends(db)).purged) throw serviceError("RESUME_TOKEN_EXPIRED");
    return batch;
  };

  return async function* watch(
    request: WatchEventsRequest,
    { signal }: Pick<Call, "signal">,
  ): AsyncGenerator<WatchEventsResponse> {
    mustBeEnabled(isEnabled);
    const isWanted = filterOf(request);
    let place = await startOf(request);
    // Whoever began now has a token to come back with before anything happens.
    yield answer(place, undefined);
    let sentAt = performance.now();
    while (!signal.aborted) {
      const batch = await follow(place);
      // The last entry stands for none: where nothing was sent for a while, it says that the call is alive.
      for (const event of [...batch, undefined]) {
        place = event?.streamPosition ?? place;
        const wanted = isWanted(event) ? event : undefined;
        if (wanted === undefined && performance.now() - sentAt < heartbeat) continue;
        yield answer(place, wanted);
        sentAt = performance.now();
      }
      if (batch.length < BATCH) await pause(INTERVAL_MS, signal);
    }
  };
};

/** @throws STREAM_DISABLED */
const mustBeEnabled = (isEnabled: boolean): void => {
  if (!isEnabled) throw serviceError("STREAM_DISABLED");
};

/** Which events are wanted. @throws INVALID_FIELD */
const filterOf = ({ identityId: wanted, types }: WatchEventsRequest): ((event?: StoredEvent) => boolean) => {
  const identityId = wanted === "" ? undefined : mustBeIdentity(wanted);
  return (event) =>
    event !== undefined &&
    (types.length === 0 || matchesType(types, event.type)) &&
    (identityId === undefined || identityId === event.identityId);
};

const invalid = (field: string, explain: string) => serviceError("INVALID_FIELD", { field, explain });

/** Waits, or until the signal is aborted. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
