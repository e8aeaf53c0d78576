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
  const code = freezeNode(
    inputNode({
      group: LOOKUP_SECRET,
      name: "lookup_secret",
      type: "text",
      required: true,
      label: uiText(messages.code),
    }),
  );
  const emptyCode = freezeNode(withValue(code, ""));
  const submit = submitNode({
    group: LOOKUP_SECRET,
    name: "method",
    value: LOOKUP_SECRET,
    label: uiText(messages.signIn),
  });

  const verify = async (identity: IdentityRecord, typed: string): Promise<Authenticated | Rejected> => {
    const stored = await identities.findSecret(db, identity.id, LOOKUP_SECRET);
    if (stored === undefined) return rejected([{ node: "", text: uiText(general.noRecoveryCodes) }], {});
    const found = secrets.find(identity.id, stored, typed);
    if (found === undefined) return rejected([{ node: "", text: uiText(general.recoveryCodeWrong) }], {});
    if (found.isUsed) return rejected([{ node: "", text: uiText(general.recoveryCodeUsed) }], {});
    return {
      kind: "authenticated",
      identity,
      amr: { method: LOOKUP_SECRET, aal: "aal2" },
      verified: { type: LOOKUP_SECRET, version: stored.version },
      change: async (current) => ({ credentials: [useCode(stored, found.at, codeFacts(current), clock.now())] }),
    };
  };

  return {
    name: LOOKUP_SECRET,
    enabled,
    answers: (requestedAal) => answersAal(requestedAal, "second"),

    nodes: ({ requestedAal, signedIn, submittedValues }) =>
      requestedAal === 2 && signedIn && hasCodes(signedIn.identity)
        ? [submittedValues === null ? emptyCode : code, submit]
        : [],

    submitted: () => ({}),

    authenticate: async ({ lookupSecret }, { signedIn }, call) => {
      if (signedIn === undefined || !hasCodes(signedIn.identity))
        return rejected([{ node: "", text: uiText(general.noRecoveryCodes) }], {});
      const typed = readCode(lookupSecret);
      if (typed === "")
        return rejected([{ node: "lookup_secret", text: uiText(general.required, { property: "lookup_secret" }) }], {});
      return attempts(signedIn, LOOKUP_SECRET, call, () => verify(signedIn.identity, typed));
    },
  };
};
