import type { AuditLog } from "../audit/audit-log.ts";
import type { Refusals } from "../audit/refusals.ts";
import type { Challenges } from "../challenge/challenges.ts";
import type { Config } from "../config/config.ts";
import type { Courier } from "../courier/courier.ts";
import type { Database } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import type { FailureFloor } from "../limits/failure-floor.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { RegistrationLimit } from "../limits/registrations.ts";
import type { KnownDevices } from "../session/known-devices.ts";
import { createCode } from "./code/code.ts";
import { createOneTimeCodes } from "./code/one-time-code.ts";
import { createCodeRecovery } from "./code/recovery.ts";
import { createCodeVerification } from "./code/verification.ts";
import { type CredentialKind, canReauthenticate, countFirstFactors } from "./contract/credential.ts";
import type { LoginMethods } from "./contract/login.ts";
import type { RecoveryMethods } from "./contract/recovery.ts";
import type { RegistrationMethods } from "./contract/registration.ts";
import { createSecondFactorAttempts } from "./contract/second-factor.ts";
import type { SettingsMethods } from "./contract/settings.ts";
import type { VerificationMethods } from "./contract/verification.ts";
import { createIdentifierFirstLogin } from "./identifier-first/login.ts";
import { createLinkRecovery } from "./link/recovery.ts";
import { createLinkVerification } from "./link/verification.ts";
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
import { createKeys } from "./webauthn/keys.ts";

/** Where people are read, and what is sent to them. */
export interface MethodStorage {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly courier: Courier;
}

/** The limits against guessing and flooding. */
export interface MethodGuards {
  readonly attempts: RateLimiter;
  /** Where what was refused is recorded. */
  readonly refusals: Refusals;
  readonly devices: KnownDevices;
  readonly floor: FailureFloor;
  readonly registrations: RegistrationLimit;
  readonly challenges: Challenges;
}

/** What protects the secrets of methods. */
export interface MethodSecrets {
  /** Encrypts what second factors are stored with. */
  readonly aead: Aead;
  /** Of digests of codes and of challenges: the first makes them, all check. */
  readonly digestKeys: readonly string[];
}

/** What the configuration says about signing in with any of them. */
export interface SignInRules {
  readonly loginStyle: Config["selfservice"]["flows"]["login"]["style"];
  /** Whether what is known is answered like what is not. */
  readonly hidesAccounts: boolean;
  /** Base URL of the public port, without a slash at its end. */
  readonly publicUrl: string;
}

/** What the methods are made of. */
export interface MethodDeps {
  readonly config: Config["selfservice"]["methods"];
  readonly storage: MethodStorage;
  readonly guards: MethodGuards;
  readonly secrets: MethodSecrets;
  readonly signIn: SignInRules;
  readonly passwords: Passwords;
  /** What only sign-in providers need. */
  readonly oidc: Pick<OidcDeps, "place" | "guards" | "log">;
}

/**
 * THE list of methods: one line each for every flow it takes part in, in the
 * order in which they stand on screen, and one for the kind of credential it
 * keeps. A case of the contract that is left out does not compile.
 */
export const createMethods = ({
  config,
  storage,
  guards,
  secrets: { aead, digestKeys },
  signIn: { loginStyle, hidesAccounts, publicUrl },
  passwords,
  oidc: oidcDeps,
}: MethodDeps) => {
  const { clock, courier, db, identities } = storage;
  const { attempts, challenges, devices, floor, refusals, registrations: registrationLimit } = guards;
  const { profile, password, totp, lookup_secret } = config;
  const firstFactors = (identity: IdentityRecord) => countFirstFactors(credentials, identity);
  const oidc = createOidc({ ...oidcDeps, config: config.oidc, db, identities, clock, firstFactors });
  const oneTimeCodes = createOneTimeCodes({ keys: digestKeys, clock });
  const code = createCode({
    config: config.code,
    storage,
    codes: oneTimeCodes,
    limit: registrationLimit,
    challenges,
    courier,
    hidesAccounts,
    reauthenticates: (identity) => canReauthenticate(withoutCodes, identity),
  });
  const keys = createKeys({
    storage,
    config,
    digestKeys,
    publicUrl,
    limit: registrationLimit,
    firstFactors: (identity) => firstFactors(identity).reduce((sum, { count }) => sum + count, 0),
    hasPasswords: password.enabled,
    hidesAccounts,
  });
  const withoutCodes: readonly CredentialKind[] = [
    passwordCredential,
    oidc.credential,
    keys.passkey.credential,
    keys.webauthn.credential,
    createTotpCredential(totp),
    createLookupSecretCredential(lookup_secret),
  ];
  const credentials: readonly CredentialKind[] = [...withoutCodes, code.credential];
  const secondFactor = { clock, db, identities, attempts: createSecondFactorAttempts(attempts, refusals) };
  const totpSecrets = createTotpSecrets(aead);
  const codeSecrets = createCodeSecrets(aead, digestKeys);
  const login: Omit<LoginMethods, "identifier_first"> = {
    password: createPasswordLogin({ ...password, db, identities, passwords, attempts, devices, floor, refusals }),
    code: code.login,
    oidc: oidc.login,
    webauthn: keys.webauthn.login,
    passkey: keys.passkey.login,
    totp: createTotpLogin({ ...totp, ...secondFactor, secrets: totpSecrets }),
    lookup_secret: createLookupSecretLogin({ ...lookup_secret, ...secondFactor, secrets: codeSecrets }),
  };
  const codeMethod = { ...config.code, codes: oneTimeCodes, now: clock.now };
  const linkMethod = { ...config.link, keys: digestKeys, clock };

  return {
    settings: {
      profile: createProfileSettings(profile),
      password: createPasswordSettings({ ...password, identities, passwords }),
      oidc: oidc.settings,
      passkey: keys.passkey.settings,
      webauthn: keys.webauthn.settings,
      totp: createTotpSettings({ ...totp, ...totp.config, clock, identities, secrets: totpSecrets }),
      lookup_secret: createLookupSecretSettings({ ...lookup_secret, clock, identities, secrets: codeSecrets }),
    } satisfies SettingsMethods,
    login: {
      identifier_first: createIdentifierFirstLogin({
        enabled: loginStyle === "identifier_first",
        db,
        identities,
        methods: login,
        hidesAccounts,
      }),
      ...login,
    } satisfies LoginMethods,
    registration: {
      profile: createProfileRegistration(profile),
      password: createPasswordRegistration({ ...password, passwords, limit: registrationLimit }),
      code: code.registration,
      oidc: oidc.registration,
      webauthn: keys.webauthn.registration,
      passkey: keys.passkey.registration,
    } satisfies RegistrationMethods,
    verification: {
      code: createCodeVerification(codeMethod),
      link: createLinkVerification(linkMethod),
    } satisfies VerificationMethods,
    recovery: {
      code: createCodeRecovery(codeMethod),
      link: createLinkRecovery(linkMethod),
    } satisfies RecoveryMethods,
    credentials,
    oneTimeCodes,
    oidc,
    keys,
  };
};
