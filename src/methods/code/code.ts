import type { Challenges } from "../../challenge/challenges.ts";
import type { CodeConfig } from "../../config/config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { RegistrationLimit } from "../../limits/registrations.ts";
import { createCodeKind } from "./challenge-method.ts";
import { createCodeChallenges } from "./challenges.ts";
import { createCodeCredential, createFindCodeAddresses } from "./credential.ts";
import { createCodeLogin } from "./login.ts";
import type { OneTimeCodes } from "./one-time-code.ts";
import { createCodeRecipients } from "./recipients.ts";
import { createCodeRegistration } from "./registration.ts";

/** What signing in and up by a code needs. */
export interface CodeDeps {
  readonly storage: CodeStorage;
  readonly config: CodeConfig;
  readonly codes: OneTimeCodes;
  readonly limit: RegistrationLimit;
  readonly courier: Courier;
  readonly challenges: Challenges;
  /** Whether what is known is answered like what is not. */
  readonly hidesAccounts: boolean;
  /** Whether someone has a first factor, other than codes, that shows that it is them. */
  readonly reauthenticates: (identity: IdentityRecord) => boolean;
}

interface CodeStorage {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly clock: Clock;
}

/** Creates the parts of the code method in login and registration, and its kind of credential. */
export const createCode = (deps: CodeDeps) => {
  const { config, codes, limit, courier, challenges: counted, hidesAccounts, reauthenticates } = deps;
  const { clock, db, identities } = deps.storage;
  const findAddresses = createFindCodeAddresses(config);
  const kind = createCodeKind({ config: config.config, codes, now: clock.now });
  const challenges = createCodeChallenges({ challenges: counted, courier, clock, identities, kind });
  const recipients = createCodeRecipients({
    identities,
    findAddresses,
    hasFallback: config.config.missing_credential_fallback_enabled,
    isFirstFactor: config.enabled && config.passwordless_enabled,
    reauthenticates,
  });
  return {
    credential: createCodeCredential(config, findAddresses),
    login: createCodeLogin({ config, db, identities, recipients, challenges, hidesAccounts }),
    registration: createCodeRegistration({
      config,
      db,
      identities,
      challenges,
      limit,
      hidesAccounts,
    }),
  };
};
