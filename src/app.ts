import { createAdmin } from "./account/admin-module.ts";
import { createAccount } from "./account/module.ts";
import { createGuards } from "./challenge/module.ts";
import type { Config } from "./config/config.ts";
import { type AppOverrides, createCore } from "./core.ts";
import { createCourier } from "./courier/module.ts";
import { createEvents } from "./events/module.ts";
import { createFlowErrors } from "./flows/error/module.ts";
import { createFlows } from "./flows/module.ts";
import { createHookDeliveries } from "./hooks/web-hook/deliveries-module.ts";
import { createPurge } from "./jobs/purge.ts";
import { readVersion } from "./lib/version.ts";
import { createLimits } from "./limits/module.ts";
import { networkOf } from "./limits/network.ts";
import { createMethodsModule } from "./methods/module.ts";
import type { Module } from "./module.ts";
import { createSchemaService } from "./schema/service.ts";
import { createListeners } from "./server/listeners.ts";
import { createSessions } from "./session/module.ts";

/** A server, ready to listen. */
export interface App {
  /** Opens both ports; returns their base URLs as they are reached. */
  listen(): Promise<{ readonly public: string; readonly admin: string }>;
  /** Lets calls in flight finish, then frees everything. */
  close(): Promise<void>;
}

/** The composition root: the list of modules, top to bottom. Each depends on those above it. */
export const createApp = async (config: Config, overrides?: AppOverrides): Promise<App> => {
  const core = await createCore(config, overrides);
  const { db, jobs, log, metrics, readiness, relay } = core;
  const { batch_size: batchSize, interval } = config.database.cleanup;

  const sessions = createSessions({ ...core, keys: core, network: core });
  const limits = createGuards(createLimits(core), { ...core, ...sessions });
  const courier = createCourier(core);
  const methods = createMethodsModule({
    ...core,
    storage: { ...core, courier },
    guards: { ...core, ...sessions, ...limits },
    secrets: core,
    network: core,
    registry: metrics.registry,
  });
  const flows = createFlows(core, sessions, limits, methods, courier);
  const flowErrors = createFlowErrors(core, sessions.csrf, limits.newFlowErrors);
  const trail = { ...limits, audit: core.audit, courier, log };
  const account = createAccount({ ...core, storage: core, trail, sessions: { ...sessions, ...flows }, flows, methods });
  const admin = createAdmin({ ...sessions, ...flows, ...core, storage: core }, methods);
  const modules: readonly Module[] = [
    sessions,
    limits,
    courier,
    methods,
    flows,
    flowErrors,
    account,
    admin,
    { services: [createSchemaService({ schemas: core.schemas, csrf: sessions.csrf })] },
    createEvents(core, flows),
    createHookDeliveries(core),
  ];

  const listeners = createListeners({
    ...core,
    services: modules.flatMap(({ services = [] }) => services),
    hasSessionToken: flows.callers.hasToken,
    networkOf,
    findCaller: flows.callers.find,
    storeError: flowErrors.store,
    ready: () => ({ ...readiness.problems, ...methods.problems() }),
    version: readVersion(),
    mailbox: courier.readMailbox,
    files: methods.publicFiles,
  });
  const purge = createPurge({ ...core, batchSize, interval, tasks: modules.flatMap((each) => each.purge ?? []) });

  return {
    listen: async () => {
      await readiness.start();
      const opened = await listeners.listen();
      jobs.start([purge, ...modules.flatMap((each) => each.jobs ?? [])]); // A backlog delays no start.
      relay.start(modules.flatMap((each) => each.relayed ?? []));
      for (const each of modules)
        each.started?.().catch((error: unknown) => log.error({ err: error }, "work after the start has failed"));
      return opened;
    },
    close: async () => {
      // What nobody waits for is given back to other nodes while calls in flight finish.
      await Promise.all([listeners.close(), relay.stop().then(() => jobs.stop())]);
      for (const each of modules) await each.close?.();
      await readiness.stop();
      await db.close();
      log.flush();
    },
  };
};
