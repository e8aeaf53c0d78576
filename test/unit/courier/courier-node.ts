import { Registry } from "prom-client";
import { loadConfig } from "../../../src/config/load.ts";
import type { Raw } from "../../../src/config/tree.ts";
import type { NewMessage } from "../../../src/courier/message.ts";
import { createCourier } from "../../../src/courier/module.ts";
import { prepareCourier } from "../../../src/courier/prepare.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import { createJobs } from "../../../src/jobs/engine.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { type Clock, systemClock } from "../../../src/lib/clock.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createAddressRules } from "../../../src/lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../../../src/lib/outbound/outbound-fetch.ts";
import { loadSchemas } from "../../../src/schema/sources.ts";

/** A message as its row has it. */
export interface MessageRow {
  readonly status: string;
  readonly send_count: number;
  readonly data: Buffer | null;
  readonly dispatches: readonly { readonly status: string; readonly error?: string }[];
}

/** A node that does nothing but deliver messages. */
export interface CourierNode {
  /** Every line of its log. */
  readonly logged: readonly string[];
  queue(message?: Partial<NewMessage>): Promise<void>;
  /** The only message to a recipient. */
  row(recipient: string): Promise<MessageRow>;
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** A message for somebody who wants to confirm an address. */
const verification: NewMessage = {
  template: "verification_code_valid",
  channel: "email",
  recipient: "ann@example.com",
  locale: "en",
  data: { code: "246810", expiresInMinutes: 10 },
  requestUrl: "http://127.0.0.1/self-service/verification/browser",
  expiresAt: new Date(Date.now() + 3_600_000),
  budget: { none: "a test sends it" },
};

/** Starts a node on a database, with `courier` as in a configuration file. */
export const startNode = async (
  dsn: string,
  courier: Raw,
  more: Raw = {},
  clock: Clock = systemClock,
): Promise<CourierNode> => {
  const { config } = loadConfig({
    files: [],
    env: {},
    overrides: {
      dsn,
      secrets: { default: ["a secret of the tests, long enough"], cipher: ["exactly thirty-two bytes of text"] },
      hosted: { name: "Acme" },
      courier: { retry_delay: "20ms", timeout: "2s", ...courier },
      ...more,
    },
  });
  const logged: string[] = [];
  const log = createLog({ level: "trace", format: "json" }, { write: (line) => logged.push(line) });
  const db = createDatabase({ dsn, poolSize: 5 });
  const aead = createAead({ algorithm: "aes", keys: config.secrets.cipher });
  const jobs = createJobs({ db, clock, aead, log, interval: 20, lease: 2_000 });
  const addressRules = createAddressRules({ dev: config.dev });
  const outboundFetch = createOutboundFetch();
  const prepared = await prepareCourier({ courier: config.courier, addressRules }, outboundFetch);
  if (prepared.faults.length > 0) throw new Error(JSON.stringify(prepared.faults));
  const registry = new Registry();
  const node = createCourier({
    config,
    clock,
    db,
    aead,
    jobs,
    log,
    metrics: { registry },
    addressRules,
    outboundFetch,
    schemas: await loadSchemas(config.identity, { publicBaseUrl: config.serve.public.base_url, addressRules }),
    callLimit: { begun: 0 },
    courier: prepared,
  });
  jobs.start(node.jobs);
  return {
    logged,
    queue: async (message = {}) => {
      await db.transaction((tx) => node.queue(tx, { ...verification, ...message }));
      node.wake();
    },
    row: async (recipient) => {
      const [row] = await db.query<MessageRow & { readonly dispatches: string }>(
        "SELECT status, send_count, data, dispatches FROM courier_messages WHERE recipient = ?",
        [recipient],
      );
      if (row === undefined) throw new Error(`no message to ${recipient}`);
      return { ...row, dispatches: JSON.parse(row.dispatches) };
    },
    metrics: () => registry.metrics(),
    stop: async () => {
      await jobs.stop();
      await node.close();
      await db.close();
    },
  };
};

/** Waits until something holds. */
export const until = async (holds: () => boolean | Promise<boolean>, seconds = 30): Promise<void> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((go) => setTimeout(go, 10)))
    if (await holds()) return;
  throw new Error("it did not come to that");
};
