import type { Config } from "./config/config.ts";
import { ConfigError } from "./config/config-error.ts";
import type { HookConfig } from "./config/hook-config.ts";
import { type PreparedCourier, prepareCourier } from "./courier/prepare.ts";
import { findReceiverFaults } from "./events/find-receiver-faults.ts";
import { configFaults } from "./hooks/index.ts";
import { findPasswordMigrationFaults } from "./hooks/web-hook/password-migration.ts";
import { type PreparedWebHooks, prepareWebHooks } from "./hooks/web-hook/prepare.ts";
import { findLookFaults } from "./hosted/look.ts";
import { type AddressRules, createAddressRules } from "./lib/outbound/address-rules.ts";
import { createOutboundFetch, type OutboundFetch } from "./lib/outbound/outbound-fetch.ts";
import { findMapperFaults } from "./methods/oidc/mapper/find-mapper-faults.ts";
import { loadSchemas, type Schemas } from "./schema/sources.ts";
import { findTlsFaults } from "./server/find-tls-faults.ts";

/** What a server reads beside its configuration. */
export interface PreparedApp {
  readonly addressRules: AddressRules;
  /** The one way to other servers. */
  readonly outboundFetch: OutboundFetch;
  readonly schemas: Schemas;
  readonly courier: PreparedCourier;
  readonly webHooks: PreparedWebHooks;
}

/**
 * Reads what the configuration names, before anything is begun: a start that
 * cannot be leaves nothing behind.
 *
 * @throws ConfigError, SchemaLoadError
 */
export const prepareApp = async ({
  selfservice,
  serve,
  identity,
  clients,
  courier: courierConfig,
  hosted,
  events,
}: Config): Promise<PreparedApp> => {
  const addressRules = createAddressRules(clients.http);
  const outboundFetch = createOutboundFetch();
  // What is wrong with the configuration itself is said first; without schemas templates may say any trait.
  const sources = { publicBaseUrl: serve.public.base_url, addressRules, fetch: outboundFetch };
  const schemas = await loadSchemas(identity, sources).catch((error: unknown) => ({ error }));
  const known = "error" in schemas ? undefined : schemas.list();
  const courier = await prepareCourier({ courier: courierConfig, addressRules, schemas: known }, outboundFetch);
  const webHooks = await prepareWebHooks(allHooks(selfservice), addressRules, outboundFetch);
  const faults = [
    ...courier.faults,
    ...webHooks.faults,
    ...findReceiverFaults(events, addressRules),
    ...findPasswordMigrationFaults(selfservice.methods.password.migrate_hook, addressRules),
    ...findHookFaults(allHooks(selfservice)),
    ...findMapperFaults(selfservice.methods.oidc.config),
    ...findTlsFaults(serve),
    ...findLookFaults(hosted),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  if ("error" in schemas) throw schemas.error;
  return { addressRules, courier, outboundFetch, schemas, webHooks };
};

/** What is wrong with the `config` of hooks, but for web hooks. */
const findHookFaults = (hooks: readonly HookConfig[]) =>
  hooks.flatMap(({ hook, path, config }) => {
    const fault = Object.entries(configFaults).find(([name]) => name === hook)?.[1](config);
    return fault === undefined ? [] : [{ path: `${path}.config`, message: fault }];
  });

/** The hooks of all flows, with where they stand. */
const allHooks = ({ flows }: Config["selfservice"]): readonly HookConfig[] =>
  Object.values(flows)
    .filter((flow) => "before" in flow)
    .flatMap(({ before, after }) => [
      ...before,
      ...after.hooks,
      ...Object.values(after.methods).flatMap(({ hooks }) => hooks),
    ]);
