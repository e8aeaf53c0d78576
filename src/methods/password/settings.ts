import type { IdentityStore } from "../../identity/store.ts";
import { outgoingHeaders } from "../../lib/trace.ts";
import { networkOf } from "../../limits/network.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { rejected } from "../contract/result.ts";
import type { SettingsMethod } from "../contract/settings.ts";
import { PASSWORD, readHash, setPassword } from "./credential.ts";
import { newPasswordNodes } from "./new-password-nodes.ts";
import type { Passwords } from "./passwords.ts";

/*
 * Passwords: setting one, signing in with one, signing up with one. This folder
 * owns what a good password is and what is stored of it; hashing itself is
 * lib/hashing.
 */

/** What the password method of the settings flow needs. */
export interface PasswordSettingsDeps {
  readonly enabled: boolean;
  readonly identities: IdentityStore;
  readonly passwords: Passwords;
}

/**
 * Creates the password method of the settings flow. A missing password is
 * reported before the session's age is looked at, everything else after it
 * (docs/compatibility.md, rule 15).
 */
export const createPasswordSettings = ({
  enabled,
  identities,
  passwords,
}: PasswordSettingsDeps): SettingsMethod<"password", string> => {
  const nodes = newPasswordNodes(general.save);

  return {
    name: PASSWORD,
    enabled,
    changesFactors: true,
    nodes: () => nodes,

    examine: ({ password }) =>
      password === "" ? rejected([passwords.missing()]) : { kind: "examined", protected: true, examined: password },

    perform: async (password, { identity, slow, sql }, call) => {
      const identifiers = identity.credentials[PASSWORD]?.identifiers ?? [];
      if (identifiers.length === 0) return rejected([{ node: "", text: uiText(general.noIdentifier) }]);
      const stored = await identities.findSecret(sql, identity.id, PASSWORD);
      const network = networkOf(call.remoteAddress);
      // Only these two are of the account; another change that came between may have replaced them.
      const madeOf = `password ${stored?.version} ${JSON.stringify(identifiers)}`;
      const chosen = await slow(madeOf, () =>
        passwords.choose({
          password,
          identifiers,
          currentHash: readHash(stored),
          share: { purpose: "session", network, subject: identity.id, signal: call.signal },
          trace: outgoingHeaders(call),
        }),
      );
      if (chosen.kind === "refused") return rejected(chosen.messages);
      return {
        kind: "performed",
        change: { credentials: [setPassword(chosen.hash, stored)] },
        event: { type: "password.changed" },
      };
    },
  };
};
