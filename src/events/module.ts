import type { Registry } from "prom-client";
import { EventAdminService } from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { createEventLog } from "../audit/event-log.ts";
import { createPurgeEvents } from "../audit/purge-events.ts";
import type { Refusals } from "../audit/refusals.ts";
import { createVerifyChain } from "../audit/verify-chain.ts";
import type { Config } from "../config/config.ts";
import type { Database, DatabaseLog } from "../db/sql.ts";
import { exponentialBackoff } from "../jobs/backoff.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { JobKind } from "../jobs/job.ts";
import type { Relay } from "../jobs/relay.ts";
import type { Clock } from "../lib/clock.ts";
import { digestOf } from "../lib/digest.ts";
import { createKeyring } from "../lib/keyring.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { createSendRequest } from "../lib/outbound/send-request.ts";
import { defineService } from "../lib/service.ts";
import { createEventDeliveries } from "./admin-deliveries.ts";
import { createEventReads } from "./admin-reads.ts";
import { createEventReceivers } from "./admin-receivers.ts";
import { createDelivery } from "./delivery.ts";
import type { PrintEvent } from "./make-body.ts";
import { createEventRelay, type Outbox, placesKind } from "./outbox.ts";
import { createReceiverStates } from "./receiver-states.ts";
import { createEventStream, type EventStream } from "./stream.ts";
import { createWatch } from "./watch.ts";

/** What events stand on. */
export interface EventsCore {
  readonly config: Pick<Config, "database" | "events" | "secrets">;
  readonly addressRules: AddressRules;
  readonly clock: Clock;
  readonly db: Database;
  /** Whether there are calls that deliveries make room for. */
  readonly isBusy: () => boolean;
  readonly jobs: Jobs;
  readonly log: DatabaseLog;
  /** The one way to other servers. */
  readonly outboundFetch: OutboundFetch;
  readonly publicUrl: string;
}

/** What was made before the modules, because every change of a person writes to it. */
export interface EventsLog {
  readonly digestKeys: readonly string[];
  readonly metrics: { readonly registry: Registry };
  readonly outbox: Outbox;
  readonly relay: Pick<Relay, "wake">;
  readonly refusals: Refusals;
}

/** Bytes of the answer of a receiver that are read. */
const ANSWER_LIMIT = 65_536;
/** Milliseconds between two looks at events without a place, where nobody watches. */
const PLACING_EVERY_MS = 5_000;

/** Creates what delivers, lists and streams events. */
export const createEvents = (core: EventsCore & EventsLog, { print }: { readonly print: PrintEvent }) => {
  const { addressRules, config, db, digestKeys, outbox, refusals } = core;
  const { cleanup } = config.database;
  const states = createReceiverStates(db, outbox.setEnded);
  const stream = createEventStream(db);
  const log = createEventLog();
  const keyring = createKeyring(config.secrets.pagination.map(digestOf));
  const send = createSendRequest({
    fetch: core.outboundFetch,
    rules: addressRules,
    timeout: config.events.delivery.timeout,
    limit: ANSWER_LIMIT,
  });
  const pages = keyring.seal("page of events");
  const tokens = keyring.seal("place in the stream of events");
  const isEnabled = config.events.stream.enabled;
  // Other nodes may be there for it.
  const isDelivering = config.events.delivery.concurrency > 0;
  const watch = createWatch({ db, log, stream, tokens, isEnabled });
  const reads = createEventReads({ db, log, pages, verifyChain: createVerifyChain(digestKeys) });
  const receivers = createEventReceivers({ ...core, pages: keyring.seal("page of receivers"), states });
  const deliveries = createEventDeliveries({ ...core, events: log, pages, receivers, states });
  const [digestKey = ""] = digestKeys;
  const purge = createPurgeEvents({
    db,
    digestKey,
    batchSize: cleanup.batch_size,
    purged: (place) => stream.purged(db, place),
  });
  return {
    services: [
      defineService(EventAdminService, {
        listEvents: { run: reads.listEvents },
        listReceivers: { run: receivers.listReceivers },
        listDeliveries: { run: deliveries.listDeliveries },
        replayEvents: { run: deliveries.replayEvents },
        dropDeliveries: { run: deliveries.dropDeliveries },
        verifyEvents: { run: reads.verifyEvents },
        watchEvents: { send: watch },
      }),
    ],
    jobs: [
      ...(isDelivering ? outbox.receivers : []).map((receiver) =>
        createDelivery(receiver, { ...core, config: config.events, print, send, states }),
      ),
      ...(isEnabled ? [placing(stream)] : []),
    ],
    relayed: isDelivering ? [createEventRelay()] : [],
    purge: [
      {
        table: "security_events",
        expires: "created_at",
        retention: cleanup.security_events_older_than,
        delete: purge,
      },
    ],
    /** A receiver that ended its subscription hears again after a restart. */
    started: async () => {
      for (const { name } of outbox.receivers) await states.resume(name);
    },
    close: () => refusals.close(),
  };
};

/** Gives events their places where nobody watches, so that whoever comes back does not wait for it. */
const placing = (stream: EventStream): JobKind => ({
  name: placesKind,
  concurrency: 1,
  timeout: 300_000,
  every: PLACING_EVERY_MS,
  delay: exponentialBackoff({ first: 1_000, max: 60_000 }),
  run: async () => {
    await stream.advance();
    return undefined;
  },
});
