import type { Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import { createHasher } from "../lib/hashing/hasher.ts";
import { observeHashing } from "../lib/hashing/hashing-metrics.ts";
import type { Keyring } from "../lib/keyring.ts";
import type { ServerLog } from "../lib/log.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { createAdministration } from "./administration.ts";
import { createMethods, type MethodGuards, type MethodSecrets, type MethodStorage } from "./index.ts";
import { createMergings } from "./merging.ts";
import type { PasswordMigration } from "./password/migration.ts";
import { createPasswords } from "./password/passwords.ts";
import { createPasswordPolicy } from "./password/policy.ts";

/** What the methods stand on. */
export interface MethodsModuleDeps {
  readonly config: Pick<Config, "database" | "hashers" | "security" | "selfservice">;
  readonly storage: MethodStorage;
  readonly guards: MethodGuards;
  readonly secrets: MethodSecrets & { readonly keyring: Keyring };
  readonly network: {
    readonly addressRules: AddressRules;
    readonly outboundFetch: OutboundFetch;
    readonly publicUrl: string;
  };
  readonly passwordMigration: PasswordMigration | undefined;
  readonly log: ServerLog;
  readonly registry: Registry;
}

/** Creates the methods with what hashes and fetches for them. */
export const createMethodsModule = (deps: MethodsModuleDeps) => {
  const { config, guards, log, network, passwordMigration, registry, secrets, storage } = deps;
  const { aead, digestKeys, keyring } = secrets;
  const { addressRules, outboundFetch: fetch, publicUrl } = network;
  const { database, hashers, selfservice } = config;
  const hidesAccounts = config.security.account_enumeration.mitigate;
  const hasher = createHasher(hashers, { log });
  observeHashing(registry, { stats: hasher.stats, floorMs: () => guards.floor.milliseconds });
  const policyConfig = selfservice.methods.password.config;
  const policy = createPasswordPolicy({ addressRules, fetch, log, config: policyConfig, hashers, hasher });
  const passwords = createPasswords({ policy, hasher, log, migration: passwordMigration });
  const methods = createMethods({
    config: selfservice.methods,
    storage,
    guards,
    secrets,
    signIn: {
      loginStyle: selfservice.flows.login.style,
      hidesAccounts,
      publicUrl,
    },
    passwords,
    oidc: {
      log,
      guards: { aead, addressRules, fetch, seal: keyring.seal("nonce of an ID token") },
      place: {
        publicUrl,
        loginPage: selfservice.flows.login.ui_url,
        loginHints: selfservice.flows.registration.login_hints,
        hidesAccounts,
      },
    },
  });
  return {
    ...methods,
    administration: createAdministration({
      aead,
      clock: storage.clock,
      digestKeys,
      passwords,
      maxCost: hashers.max_cost,
      totpIssuer: selfservice.methods.totp.config.issuer,
    }),
    mergings: createMergings({ aead, digestKeys }),
    purge: [{ table: "oidc_nonces", expires: "expires_at", retention: database.cleanup.older_than }],
    /** Files that pages of any origin may load. */
    publicFiles: methods.keys.scriptFile ? [methods.keys.scriptFile] : [],
    /** What keeps the methods from being of use now, by part. */
    problems: (): Readonly<Record<string, string>> => {
      const hashing = hasher.problem();
      return hashing === undefined ? {} : { hashing };
    },
    started: async () => {
      await methods.keys.prepare();
      await methods.oidc.check();
    },
    close: async () => {
      await methods.oidc.close();
      await hasher.close();
    },
  };
};

/** The methods, as flows get them. */
export type Methods = ReturnType<typeof createMethodsModule>;
