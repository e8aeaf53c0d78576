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
import { readCode, timeStepOf } from "./codes.ts";
import { hasTotp, TOTP, type TotpSecrets } from "./credential.ts";
import { messages } from "./messages.ts";

/** What the totp method of the login flow needs. */
export interface TotpLoginDeps {
  readonly enabled: boolean;
  readonly clock: Clock;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly secrets: TotpSecrets;
  readonly attempts: SecondFactorAttempts;
}

/**
 * Creates the totp method of the login flow. A code is good once (RFC 6238,
 * section 5.2): the time step that was accepted is written, by compare-and-swap, in
 * the transaction that raises the session.
 */
export const createTotpLogin = ({
  enabled,
  clock,
  db,
  identities,
  secrets,
  attempts,
}: TotpLoginDeps): LoginMethod<"totp"> => {
  const verify = async (identity: IdentityRecord, submitted: string): Promise<Authenticated | Rejected> => {
    const stored = await identities.findSecret(db, identity.id, TOTP);
    const totp = secrets.open(identity.id, stored);
    if (stored === undefined || totp === undefined) return rejected([{ node: "", text: uiText(general.noTotp) }], {});
    const step = timeStepOf(totp.secret, submitted, clock.now());
    if (step === undefined || step <= totp.acceptedStep)
      return rejected([{ node: "", text: uiText(general.totpCodeWrong) }], {});
    const renewed = secrets.seal(identity.id, { ...totp, acceptedStep: step });
    return {
      kind: "authenticated",
      identity,
      amr: { method: TOTP, aal: "aal2" },
      verified: { type: TOTP, version: stored.version, renewed },
    };
  };

  return createSecondFactorLogin({
    name: TOTP,
    enabled,
    field: "totp_code",
    labels: { code: uiText(messages.code), signIn: uiText(messages.signIn) },
    absent: uiText(general.noTotp),
    attempts,
    hasFactor: hasTotp,
    codeOf: ({ totpCode }) => readCode(totpCode),
    verify,
  });
};
