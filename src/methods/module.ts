import type { Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import { createHasher } from "../lib/hashing/hasher.ts";
import { observeHashing } from "../lib/hashing/hashing-metrics.ts";
import type { Keyring } from "../lib/keyring.ts";
import type { ServerLog } from "../lib/log.ts";
import { createAdministration } from "./administration.ts";
import { createMethods, type MethodDeps } from "./index.ts";
import type { OidcDeps } from "./oidc/oidc.ts";
import type { PasswordMigration } from "./password/migration.ts";
import { createPasswords } from "./password/passwords.ts";
import { createPasswordPolicy } from "./password/policy.ts";

/** What the methods stand on. */
export interface MethodsModuleDeps
  extends Pick<
      MethodDeps,
      | "aead"
      | "clock"
      | "db"
      | "identities"
      | "attempts"
      | "refusals"
      | "devices"
      | "floor"
      | "digestKeys"
      | "challenges"
      | "courier"
    >,
    Pick<OidcDeps, "aead" | "addressRules" | "clock" | "publicUrl">,
    Pick<MethodDeps["keys"], "audit"> {
  readonly config: Pick<Config, "database" | "hashers" | "security" | "selfservice">;
  readonly passwordMigration: PasswordMigration | undefined;
  readonly registrations: MethodDeps["registrationLimit"];
  readonly keyring: Keyring;
  readonly log: ServerLog;
  readonly registry: Registry;
}

/** Creates the methods with what hashes and fetches for them. */
export const createMethodsModule = (deps: MethodsModuleDeps) => {
  const { config, floor, keyring, log, registry } = deps;
  const { database, hashers, selfservice } = config;
  const hasher = createHasher(hashers, { log });
  observeHashing(registry, { stats: hasher.stats, floorMs: () => floor.milliseconds });
  const policyConfig = selfservice.methods.password.config;
  const policy = createPasswordPolicy({ ...deps, config: policyConfig, hashers, hasher });
  const passwords = createPasswords({ policy, hasher, log, migration: deps.passwordMigration });
  const methods = createMethods({
    ...deps,
    config: selfservice.methods,
    loginStyle: selfservice.flows.login.style,
    hidesAccounts: config.security.account_enumeration.mitigate,
    registrationLimit: deps.registrations,
    passwords,
    oidc: {
      ...deps,
      seal: keyring.seal("nonce of an ID token"),
      loginPage: selfservice.flows.login.ui_url,
      loginHints: selfservice.flows.registration.login_hints,
    },
    keys: deps,
  });
  return {
    ...methods,
    administration: createAdministration({
      ...deps,
      passwords,
      maxCost: hashers.max_cost,
      totpIssuer: selfservice.methods.totp.config.issuer,
    }),
    purge: [{ table: "oidc_nonces", expires: "expires_at", retention: database.cleanup.older_than }],
    /** Files that pages of any origin may load. */
    publicFiles: methods.keys.scriptFile ? [methods.keys.scriptFile] : [],
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
