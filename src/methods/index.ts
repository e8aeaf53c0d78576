import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import type { FailureFloor } from "../limits/failure-floor.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { RegistrationLimit } from "../limits/registrations.ts";
import type { KnownDevices } from "../session/known-devices.ts";
import { createOneTimeCodes } from "./code/one-time-code.ts";
import { type CredentialKind, countFirstFactors } from "./contract/credential.ts";
import type { LoginMethods } from "./contract/login.ts";
import type { RegistrationMethods } from "./contract/registration.ts";
import { createSecondFactorAttempts } from "./contract/second-factor.ts";
import type { SettingsMethods } from "./contract/settings.ts";
import { createCodeSecrets, createLookupSecretCredential } from "./lookup_secret/credential.ts";
import { createLookupSecretLogin } from "./lookup_secret/login.ts";
import { createLookupSecretSettings } from "./lookup_secret/settings.ts";
import { createOidc, type OidcDeps } from "./oidc/oidc.ts";
import { passwordCredential } from "./password/credential.ts";
import { createPasswordLogin } from "./password/login.ts";
import type { Passwords } from "./password/passwords.ts";
import { createPasswordRegistration } from "./password/registration.ts";
import { createPasswordSettings } from "./password/settings.ts";
import { createProfileRegistration } from "./profile/registration.ts";
import { createProfileSettings } from "./profile/settings.ts";
import { createTotpCredential, createTotpSecrets } from "./totp/credential.ts";
import { createTotpLogin } from "./totp/login.ts";
import { createTotpSettings } from "./totp/settings.ts";

/** What stands against guessing and flooding. */
interface MethodGuards {
  readonly attempts: RateLimiter;
  readonly devices: KnownDevices;
  readonly floor: FailureFloor;
  readonly registrationLimit: RegistrationLimit;
}

/** What the methods are made of. */
export interface MethodDeps extends MethodGuards {
  readonly config: Config["selfservice"]["methods"];
  readonly clock: Clock;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly passwords: Passwords;
  /** Encrypts what second factors are stored with. */
  readonly aead: Aead;
  /** Of digests of codes: the first makes them, all check. */
  readonly digestKeys: readonly string[];
  /** What only sign-in providers need. */
  readonly oidc: Omit<OidcDeps, "config" | "db" | "identities" | "firstFactors">;
}

/**
 * THE list of methods: one line each for every flow it takes part in, in the
 * order in which they stand on screen, and one for the kind of credential it
 * keeps. A case of the contract that is left out does not compile.
 */
export const createMethods = ({
  config,
  clock,
  db,
  identities,
  passwords,
  aead,
  digestKeys,
  attempts,
  devices,
  floor,
  registrationLimit,
  oidc: oidcDeps,
}: MethodDeps) => {
  const { profile, password, totp, lookup_secret } = config;
  const firstFactors = (identity: IdentityRecord) => countFirstFactors(credentials, identity);
  const oidc = createOidc({ ...oidcDeps, config: config.oidc, db, identities, firstFactors });
  const credentials: readonly CredentialKind[] = [
    passwordCredential,
    oidc.credential,
    createTotpCredential(totp),
    createLookupSecretCredential(lookup_secret),
  ];
  const secondFactor = { clock, db, identities, attempts: createSecondFactorAttempts(attempts) };
  const totpSecrets = createTotpSecrets(aead);
  const codeSecrets = createCodeSecrets(aead, digestKeys);

  return {
    settings: {
      profile: createProfileSettings(profile),
      password: createPasswordSettings({ ...password, identities, passwords }),
      oidc: oidc.settings,
      totp: createTotpSettings({ ...totp, ...totp.config, clock, identities, secrets: totpSecrets }),
      lookup_secret: createLookupSecretSettings({ ...lookup_secret, clock, identities, secrets: codeSecrets }),
    } satisfies SettingsMethods,
    login: {
      password: createPasswordLogin({ ...password, db, identities, passwords, attempts, devices, floor }),
      oidc: oidc.login,
      totp: createTotpLogin({ ...totp, ...secondFactor, secrets: totpSecrets }),
      lookup_secret: createLookupSecretLogin({ ...lookup_secret, ...secondFactor, secrets: codeSecrets }),
    } satisfies LoginMethods,
    registration: {
      profile: createProfileRegistration(profile),
      password: createPasswordRegistration({ ...password, passwords, limit: registrationLimit }),
      oidc: oidc.registration,
    } satisfies RegistrationMethods,
    credentials,
    oneTimeCodes: createOneTimeCodes({ keys: digestKeys, clock }),
    oidc,
  };
};
