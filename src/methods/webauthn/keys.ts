import type { PasskeyConfig, WebauthnConfig } from "../../config/keys-config.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { prepareCeremonies } from "./ceremony.ts";
import { createPasskeyCredential, createWebauthnCredential } from "./credential.ts";
import { createDecoys } from "./decoys.ts";
import { createEnrolments, type EnrolmentDeps } from "./enrolment.ts";
import { createFormSecrets } from "./form-secrets.ts";
import { createPasskeyLogin } from "./passkey-login.ts";
import { createPasskeySettings } from "./passkey-settings.ts";
import { createPasskeyRegistration, createWebauthnRegistration } from "./registration.ts";
import { createKeyScriptFile } from "./script.ts";
import { createSignIn, type SignInDeps } from "./sign-in.ts";
import { createWebauthnLogin } from "./webauthn-login.ts";
import { createWebauthnSettings } from "./webauthn-settings.ts";

/*
 * Security keys (webauthn) and passkeys: two methods of one specification, WebAuthn Level 3. A key is made and used by
 * the same ceremonies; what differs is how its owner is found and what it is good for.
 */

/** Where people and their keys are read, and what happened is written. */
export interface KeyStorage extends Omit<SignInDeps, "formSecrets">, Pick<EnrolmentDeps, "clock"> {}

/** What the two methods are made of. */
export interface KeysDeps {
  readonly storage: KeyStorage;
  readonly config: { readonly webauthn: WebauthnConfig; readonly passkey: PasskeyConfig };
  /** `secrets.default`. */
  readonly digestKeys: readonly string[];
  readonly limit: RegistrationLimit;
  readonly firstFactors: (identity: IdentityRecord) => number;
  /** Base URL of the public port, without a slash at its end. */
  readonly publicUrl: string;
  /** Whether passwords have the fields that all methods share: traits and identifier. */
  readonly hasPasswords: boolean;
  /** Whether an unknown identifier is answered like a known one. */
  readonly hidesAccounts: boolean;
}

/** Creates both methods. */
export const createKeys = ({
  storage,
  config,
  digestKeys,
  firstFactors,
  limit,
  publicUrl,
  hasPasswords,
  hidesAccounts,
}: KeysDeps) => {
  const { webauthn, passkey } = config;
  const decoys = hidesAccounts ? createDecoys(digestKeys) : undefined;
  const formSecrets = createFormSecrets(digestKeys);
  const script = createKeyScriptFile(publicUrl);
  const enrolments = createEnrolments({ ...storage, formSecrets, firstFactors });
  const shared = { ...storage, formSecrets, enrolments, script, limit };
  const signIn = createSignIn(shared);
  return {
    webauthn: {
      settings: createWebauthnSettings({ ...shared, config: webauthn }),
      login: createWebauthnLogin({ ...shared, config: webauthn, signIn, hasIdentifier: !hasPasswords, decoys }),
      registration: createWebauthnRegistration(webauthn, { ...shared, hasTraits: !hasPasswords && !passkey.enabled }),
      credential: createWebauthnCredential(webauthn),
    },
    passkey: {
      settings: createPasskeySettings({ ...shared, config: passkey }),
      login: createPasskeyLogin({ ...shared, config: passkey, signIn }),
      registration: createPasskeyRegistration(passkey, { ...shared, hasTraits: !hasPasswords }),
      credential: createPasskeyCredential(passkey),
    },
    /** The file that pages load; undefined where no method needs it. */
    scriptFile: webauthn.enabled || passkey.enabled ? script.file : undefined,
    prepare: async (): Promise<void> => {
      if (webauthn.enabled || passkey.enabled) await prepareCeremonies();
    },
  };
};
