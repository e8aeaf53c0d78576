import type { Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { digestOf } from "../lib/digest.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import { createKeyring } from "../lib/keyring.ts";
import { createLoopLoad } from "../lib/loop-load.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { Schemas } from "../schema/sources.ts";
import { createRenderMessageRecord } from "./admin/render-message-record.ts";
import { createCourierAdminService } from "./admin/service.ts";
import { createQueue } from "./courier.ts";
import { createDeliverJob } from "./deliver.ts";
import { createDeliveries, hasMailbox } from "./deliveries.ts";
import { createDescribeIdentity } from "./describe-identity.ts";
import { createHandOverJob } from "./hand-over.ts";
import { createReadMailbox } from "./mailbox.ts";
import { createCourierMetrics } from "./metrics.ts";
import type { PreparedCourier } from "./prepare.ts";
import { createRenderMessage } from "./render.ts";
import { createMessageStore } from "./store.ts";

/** What the courier needs. */
export interface CourierModule {
  readonly config: Pick<Config, "courier" | "database" | "dev" | "hosted" | "secrets">;
  readonly clock: Clock;
  readonly db: Database;
  readonly aead: Aead;
  readonly jobs: Jobs;
  readonly log: { warn(data: object, message: string): void };
  readonly metrics: { readonly registry: Registry };
  readonly addressRules: AddressRules;
  /** The one way to other servers. */
  readonly outboundFetch: OutboundFetch;
  readonly schemas: Pick<Schemas, "get">;
  /** Calls that the server answers: messages make room for them. */
  readonly callLimit: { readonly begun: number };
  /** What `prepareCourier` has read. */
  readonly courier: PreparedCourier;
}

/** Creates the courier: what queues messages, what writes them, and what delivers them. */
export const createCourier = (core: CourierModule) => {
  const { config, clock, db, jobs, log, addressRules, courier: prepared } = core;
  const { courier } = config;
  const metrics = createCourierMetrics(core.metrics.registry);
  const messages = createMessageStore(core.aead);
  const engine = createJsonnetEngine();
  const { overrides, programs } = prepared;
  const deliveries = createDeliveries({
    courier,
    isDev: config.dev,
    programs,
    engine,
    addressRules,
    fetch: core.outboundFetch,
  });
  const render = createRenderMessage({ service: config.hosted.name, overrides, log });
  const deliver = createDeliverJob({
    db,
    clock,
    messages,
    render,
    deliveries,
    metrics,
    log,
    options: {
      retries: courier.message_retries,
      retryDelay: courier.retry_delay,
      concurrency: courier.worker.pull_count,
      timeout: courier.timeout,
      isBusy: createLoopLoad(() => core.callLimit.begun),
      retainsContent: config.dev,
    },
  });
  const describe = createDescribeIdentity(core.schemas);
  const needsIdentity = overrides.size > 0 || courier.http !== undefined || courier.sms !== undefined;
  return {
    ...createQueue({ jobs, messages, clock, metrics, describe: needsIdentity ? describe : undefined }),
    services: [
      createCourierAdminService({
        db,
        messages,
        render: createRenderMessageRecord(config.dev ? render : undefined),
        pages: createKeyring(config.secrets.pagination.map(digestOf)).seal("page of messages"),
      }),
    ],
    /** Undefined where messages have another way out than a page of the server's. */
    readMailbox: hasMailbox(config.courier, config.dev) ? createReadMailbox(db, messages, render) : undefined,
    jobs: [deliver, createHandOverJob({ db, messages })],
    purge: [
      {
        table: "courier_messages",
        expires: "created_at",
        retention: config.database.cleanup.courier_messages_older_than,
      },
    ],
    close: async () => {
      for (const delivery of deliveries.values()) delivery.close();
      await engine.close();
    },
  };
};
