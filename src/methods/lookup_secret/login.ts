import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import type { Authenticated } from "../contract/authentication.ts";
import type { LoginMethod } from "../contract/login.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import type { SecondFactorAttempts } from "../contract/second-factor.ts";
import { createSecondFactorLogin } from "../contract/second-factor-login.ts";
import { type CodeSecrets, codeFacts, hasCodes, LOOKUP_SECRET, readCode, useCode } from "./credential.ts";
import { messages } from "./messages.ts";

/** What the lookup_secret method of the login flow needs. */
export interface LookupSecretLoginDeps {
  readonly enabled: boolean;
  readonly clock: Clock;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly secrets: CodeSecrets;
  readonly attempts: SecondFactorAttempts;
}

/**
 * Creates the lookup_secret method of the login flow. A code is good once: that it
 * was used is written, by compare-and-swap, in the transaction that raises the
 * session.
 */
export const createLookupSecretLogin = ({
  enabled,
  clock,
  db,
  identities,
  secrets,
  attempts,
}: LookupSecretLoginDeps): LoginMethod<"lookup_secret"> => {
  const verify = async (identity: IdentityRecord, submitted: string): Promise<Authenticated | Rejected> => {
    const stored = await identities.findSecret(db, identity.id, LOOKUP_SECRET);
    if (stored === undefined) return rejected([{ node: "", text: uiText(general.noRecoveryCodes) }], {});
    const found = secrets.find(identity.id, stored, submitted);
    if (found === undefined) return rejected([{ node: "", text: uiText(general.recoveryCodeWrong) }], {});
    if (found.isUsed) return rejected([{ node: "", text: uiText(general.recoveryCodeUsed) }], {});
    return {
      kind: "authenticated",
      identity,
      amr: { method: LOOKUP_SECRET, aal: "aal2" },
      verified: { type: LOOKUP_SECRET, version: stored.version },
      change: (current) => ({ credential: useCode(stored, found.at, codeFacts(current), clock.now()) }),
    };
  };

  return createSecondFactorLogin({
    name: LOOKUP_SECRET,
    enabled,
    field: "lookup_secret",
    labels: { code: uiText(messages.code), signIn: uiText(messages.signIn) },
    absent: uiText(general.noRecoveryCodes),
    attempts,
    hasFactor: hasCodes,
    codeOf: ({ lookupSecret }) => readCode(lookupSecret),
    verify,
  });
};
