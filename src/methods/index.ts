import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Attempts } from "../limits/attempts.ts";
import type { CredentialKind, LoginMethods, RegistrationMethods, SettingsMethods } from "./method.ts";
import { passwordCredential } from "./password/credential.ts";
import { createPasswordLogin } from "./password/login.ts";
import type { Passwords } from "./password/passwords.ts";
import { createPasswordRegistration } from "./password/registration.ts";
import { createPasswordSettings } from "./password/settings.ts";
import { createProfileRegistration } from "./profile/registration.ts";
import { createProfileSettings } from "./profile/settings.ts";

/** What the methods are made of. */
export interface MethodDeps {
  readonly config: Config["selfservice"]["methods"];
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
}

/**
 * THE list of methods: one line each for every flow it takes part in, in the
 * order in which they stand on screen, and one for the kind of credential it
 * keeps. A case of the contract that is left out does not compile.
 */
export const createMethods = ({ config, db, identities, passwords, attempts }: MethodDeps) => {
  const { profile, password } = config;
  return {
    settings: {
      profile: createProfileSettings(profile),
      password: createPasswordSettings({ ...password, db, identities, passwords }),
    } satisfies SettingsMethods,
    login: {
      password: createPasswordLogin({ ...password, db, identities, passwords, attempts }),
    } satisfies LoginMethods,
    registration: {
      profile: createProfileRegistration(profile),
      password: createPasswordRegistration({ ...password, passwords }),
    } satisfies RegistrationMethods,
    credentials: [passwordCredential] as readonly CredentialKind[],
  };
};
