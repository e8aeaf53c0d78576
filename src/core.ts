import { createAuditLog } from "./audit/audit-log.ts";
import { createRefusals } from "./audit/refusals.ts";
import type { Config } from "./config/config.ts";
import { createDatabase } from "./db/pool.ts";
import { createReadiness } from "./db/readiness.ts";
import type { Database } from "./db/sql.ts";
import { createOutbox } from "./events/outbox.ts";
import { createPasswordMigration } from "./hooks/web-hook/password-migration.ts";
import { createAddressUndos } from "./identity/address-undos.ts";
import { createConflictRetry } from "./identity/conflict-retry.ts";
import { createPendingAddresses } from "./identity/pending-addresses.ts";
import { createIdentityStore } from "./identity/store.ts";
import { createJobs } from "./jobs/engine.ts";
import { observeJobs, observeRelay } from "./jobs/metrics.ts";
import { createRelay } from "./jobs/relay.ts";
import { createAead } from "./lib/aead.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { createKeyring } from "./lib/keyring.ts";
import { createLog, type ServerLog } from "./lib/log.ts";
import { createLoopLoad } from "./lib/loop-load.ts";
import type { Wait } from "./limits/failure-floor.ts";
import { isOutcome } from "./limits/outcomes.ts";
import { createRepeatedRequests } from "./limits/repeated-requests.ts";
import { type PreparedApp, prepareApp } from "./prepare-app.ts";
import { createCallLimit } from "./server/call-limit.ts";
import { createMetrics } from "./server/metrics.ts";
import { liveSessionIds } from "./session/store.ts";

/** What a test may put in the place of the real thing: time, waiting, and where the log goes. */
export interface AppOverrides {
  readonly clock?: Clock;
  readonly log?: ServerLog;
  /** Of `prepareApp`; left out, it is done now. */
  readonly prepared?: PreparedApp;
  /** Wraps the database, to hold what is written for a moment. */
  readonly wrapDatabase?: (db: Database) => Database;
  /** Holds failed sign-ins back. */
  readonly wait?: Wait;
}

/** Whether a hook follows changes of the profile. */
const hasProfileHook = ({ flows: { settings } }: Config["selfservice"], name: string): boolean =>
  settings.after.methods.profile?.hooks.some(({ hook }) => hook === name) === true;

/** What every module may stand on. */
export type Core = Awaited<ReturnType<typeof createCore>>;

/**
 * Creates what has no part in any feature: configuration, time, log, figures, keys, the database and what is at its
 * heart.
 */
export const createCore = async (config: Config, overrides: AppOverrides = {}) => {
  const { clock = systemClock, log = createLog(config.log), wrapDatabase = (db) => db, prepared, wait } = overrides;
  const { ciphers, database, dsn, secrets, serve } = config;
  if (dsn === undefined) throw new Error("a server needs a dsn");
  const { addressRules, courier, outboundFetch, schemas, webHooks } = prepared ?? (await prepareApp(config));
  const db = wrapDatabase(createDatabase({ dsn, poolSize: database.pool_size, isOutcome, log }));
  const aead = createAead({
    algorithm: ciphers.algorithm === "noop" ? "aes" : ciphers.algorithm,
    keys: secrets.cipher,
  });
  const digestKey = secrets.default[0] ?? "";
  const identities = createIdentityStore();
  const metrics = createMetrics();
  const interval = Math.min(1_000, config.courier.worker.pull_wait);
  const callLimit = createCallLimit();
  const isBusy = createLoopLoad(() => callLimit.begun);
  const jobs = createJobs({ db, clock, aead, log, interval });
  observeJobs(metrics.registry, jobs);
  const relay = createRelay({ db, jobs, log, isBusy, interval });
  observeRelay(metrics.registry, relay);
  const outbox = createOutbox(config.events);
  const audit = createAuditLog({
    clock,
    digestKey,
    isStreamed: config.events.stream.enabled,
    receivers: outbox.receivers.length > 0 ? { wanting: outbox.wanting, wake: relay.wake } : undefined,
  });
  return {
    config,
    clock,
    log,
    wait,
    db,
    aead,
    addressRules,
    outboundFetch,
    schemas,
    courier,
    /** What web hooks read at the start. */
    webHooks,
    passwordMigration: createPasswordMigration(config.selfservice.methods.password.migrate_hook, {
      fetch: outboundFetch,
      rules: addressRules,
      schemas,
      timeout: config.clients.web_hook.timeout,
      log,
    }),
    metrics,
    callLimit,
    /** Whether calls take all that there is: what can wait makes room for them. */
    isBusy,
    readiness: createReadiness({ dsn }),
    jobs,
    relay,
    keyring: createKeyring(secrets.cookie),
    identities,
    conflictRetry: createConflictRetry({ db, identities }),
    repeats: createRepeatedRequests({
      db,
      clock,
      aead,
      log,
      lockPerson: async (tx, id) => (await identities.findForUpdate(tx, id)) !== undefined,
    }),
    audit,
    outbox,
    refusals: createRefusals({ audit, clock, db, log, tryLock: identities.tryLock }),
    pendingAddresses: createPendingAddresses({
      aead,
      clock,
      enabled: hasProfileHook(config.selfservice, "verify_new_address"),
      lifespan: config.selfservice.flows.settings.addresses.pending_lifespan,
      liveSessionIds,
    }),
    addressUndos: createAddressUndos({
      aead,
      clock,
      enabled: config.selfservice.notices.address || hasProfileHook(config.selfservice, "notify_previous_addresses"),
      lifespan: config.selfservice.flows.settings.addresses.undo_lifespan,
    }),
    /** Public base URL, without a slash at its end. */
    publicUrl: serve.public.base_url.replace(/\/+$/, ""),
    /** Keys the digests of what is counted and looked up. */
    digestKey,
    /** Every key of such digests: the first makes them, all check those that outlive a rotation. */
    digestKeys: secrets.default,
  };
};
