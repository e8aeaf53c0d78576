import type { OidcConfig, ProviderConfig } from "../../config/oidc-config.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Clock } from "../../lib/clock.ts";
import { createJsonnetEngine, type JsonnetEngine } from "../../lib/jsonnet/engine.ts";
import { createProviderClient, type ProviderClient } from "./client.ts";
import { reauthenticationOf } from "./freshness.ts";
import { createMapper } from "./mapper/create-mapper.ts";
import { isFaults } from "./mapper/declarative-mapper.ts";
import type { Mapper } from "./mapper/mapper.ts";
import type { ReauthenticationProof } from "./preset.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { presets } from "./providers/presets.ts";

/*
 * Sign-in providers: linking one to an account, signing in and signing up with
 * one. This folder owns how providers are asked and what their answers are
 * worth, what is made of claims, and what is stored of a link. It knows no flow:
 * where a person comes from and goes to is the flows' business.
 */

/** A provider that people may use. */
export interface Provider {
  /** In links, credentials and redirect URLs. */
  readonly id: string;
  /** What people know it by. */
  readonly label: string;
  readonly config: ProviderConfig;
  readonly client: ProviderClient;
  readonly mapper: Mapper;
  /** Where it sends people back to; what is registered with it. */
  readonly redirectUri: string;
  readonly reauthentication: ReauthenticationProof;
  /** For an organization's people only. */
  readonly organizationId: string | undefined;
  /** Whether a person may link more than one account there. */
  readonly severalAccounts: boolean;
}

/** The providers of a server. */
export interface Providers {
  get(id: string): Provider | undefined;
  /** Those that everybody may use, in the order of the configuration: none is reserved for an organization. */
  readonly open: readonly Provider[];
  /** @throws NOT_FOUND unless everybody may use it */
  mustBeOpen(id: string): Provider;
  /** Whether a provider of this id can show that someone signed in to it just now. */
  reauthenticates(id: string): boolean;
  /** What is wrong with providers and mappers as they are now, one sentence each. For the log; nothing waits for it. */
  check(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What providers are made of. */
export interface ProvidersDeps {
  readonly config: OidcConfig["config"];
  readonly publicUrl: string;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
  readonly engine?: JsonnetEngine;
  /** Milliseconds between looks for a signing key that is not known. */
  readonly keyCooldown?: number;
}

/**
 * Creates the providers. Nothing is asked of them yet. The configuration was checked: `findMapperFaults` found
 * nothing.
 */
export const createProviders = (deps: ProvidersDeps): Providers => {
  const { config, publicUrl, fetch, clock, engine = createJsonnetEngine(), keyCooldown } = deps;
  const base = config.base_redirect_uri ?? publicUrl;

  const list = config.providers.map((one): Provider => {
    const preset = presets[one.provider];
    const mapper = createMapper(one, { fetch, clock, engine });
    if (isFaults(mapper))
      throw new TypeError(`the mapper of provider ${one.id} was not looked at with findMapperFaults`);
    return {
      id: one.id,
      label: one.label ?? one.id,
      config: one,
      client: createProviderClient({ config: one, preset, fetch, clock, keyCooldown }),
      mapper,
      redirectUri: redirectUriOf(one, base),
      reauthentication: reauthenticationOf(one, preset),
      organizationId: one.organization_id,
      severalAccounts: one.several_accounts,
    };
  });
  const open = list.filter(({ organizationId }) => organizationId === undefined);
  const byId = new Map(list.map((provider) => [provider.id, provider]));

  return {
    get: (id) => byId.get(id),
    open,
    mustBeOpen: (id) => {
      const provider = open.find((one) => one.id === id);
      if (provider === undefined)
        throw serviceError("NOT_FOUND", { explain: "There is no sign-in provider of this id." });
      return provider;
    },
    reauthenticates: (id) => (byId.get(id)?.reauthentication ?? "none") !== "none",
    check: async () => {
      const found = list.map(async ({ id, client, mapper }) => {
        const [unfound, wrong] = await Promise.all([client.warm(), mapper.check()]);
        return [
          ...(unfound ? [`provider ${id}: ${unfound.explain}`] : []),
          ...(wrong === undefined ? [] : [`the mapper of provider ${id}: ${wrong}`]),
        ];
      });
      return (await Promise.all(found)).flat();
    },
    close: () => engine.close(),
  };
};

/** Where a provider sends people back to. With PKCE forced all share one address (docs/compatibility.md, rule 19). */
export const redirectUriOf = ({ id, pkce }: Pick<ProviderConfig, "id" | "pkce">, base: string): string => {
  const callback = `${base.replace(/\/+$/, "")}/self-service/methods/oidc/callback`;
  return pkce === "force" ? callback : `${callback}/${encodeURIComponent(id)}`;
};
