import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { answersAal } from "../../session/aal.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode, withValue } from "../../ui/node.ts";
import type { Authenticated } from "../contract/authentication.ts";
import type { LoginMethod } from "../contract/login.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import type { SecondFactorAttempts } from "../contract/second-factor.ts";
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
  const code = freezeNode(
    inputNode({ group: TOTP, name: "totp_code", type: "text", required: true, label: uiText(messages.code) }),
  );
  const emptyCode = freezeNode(withValue(code, ""));
  const submit = submitNode({ group: TOTP, name: "method", value: TOTP, label: uiText(messages.signIn) });

  const verify = async (identity: IdentityRecord, typed: string): Promise<Authenticated | Rejected> => {
    const stored = await identities.findSecret(db, identity.id, TOTP);
    const totp = secrets.open(identity.id, stored);
    if (stored === undefined || totp === undefined) return rejected([{ node: "", text: uiText(general.noTotp) }], {});
    const step = timeStepOf(totp.secret, typed, clock.now());
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

  return {
    name: TOTP,
    enabled,
    answers: (requestedAal) => answersAal(requestedAal, "second"),

    nodes: ({ requestedAal, signedIn, submittedValues }) =>
      requestedAal === 2 && signedIn && hasTotp(signedIn.identity)
        ? [submittedValues === null ? emptyCode : code, submit]
        : [],

    submitted: () => ({}),

    authenticate: async ({ totpCode }, { signedIn }, call) => {
      if (signedIn === undefined || !hasTotp(signedIn.identity))
        return rejected([{ node: "", text: uiText(general.noTotp) }], {});
      const typed = readCode(totpCode);
      if (typed === "")
        return rejected([{ node: "totp_code", text: uiText(general.required, { property: "totp_code" }) }], {});
      return attempts(signedIn, TOTP, call, () => verify(signedIn.identity, typed));
    },
  };
};
