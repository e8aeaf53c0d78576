import type { PasskeyConfig } from "../../config/keys-config.ts";
import { answersAal } from "../../session/aal.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import type { LoginMethod } from "../contract/login.ts";
import { rejected } from "../contract/result.ts";
import { keyFactsOf, PASSKEY } from "./key.ts";
import { assertionFault, unknownOwner } from "./messages.ts";
import { keyScript, passkeyLoginNodes, type ScriptFile } from "./nodes.ts";
import { passkeyRequest } from "./options.ts";
import { readAssertion } from "./response.ts";
import { loginForm, type SignInDeps, type SignInWithKey } from "./sign-in.ts";

/** What the passkey method of the login flow needs. */
export interface PasskeyLoginDeps extends Pick<SignInDeps, "db" | "identities" | "formSecrets"> {
  readonly config: PasskeyConfig;
  readonly signIn: SignInWithKey;
  readonly script: ScriptFile;
}

/** Creates the passkey method of the login flow: the passkey says whose it is by its user handle. */
export const createPasskeyLogin = ({
  config,
  db,
  identities,
  formSecrets,
  signIn,
  script,
}: PasskeyLoginDeps): LoginMethod<"passkey"> => ({
  name: PASSKEY,
  enabled: config.enabled,

  answers: (requestedAal) => answersAal(requestedAal, "first"),

  isBesideIdentifier: true,

  offer: (owner) => (owner === undefined || keyFactsOf(owner, PASSKEY).keys.length > 0 ? true : undefined),

  nodes: (view) => {
    if (view.requestedAal === 2 || view.accountLink?.availableMethods?.includes(PASSKEY) === false) return [];
    const own = view.refresh && view.signedIn ? keyFactsOf(view.signedIn.identity, PASSKEY).keys : undefined;
    if (own?.length === 0) return [];
    const options = passkeyRequest(config, formSecrets.challenge(loginForm(PASSKEY, view)), own);
    return [
      ...passkeyLoginNodes(view.flow.type, options),
      ...(view.flow.type === "browser" ? [keyScript(script)] : []),
    ];
  },

  submitted: () => ({}),

  authenticate: async ({ passkeyLogin }, view, call) => {
    if (passkeyLogin === "") return rejected([{ node: "", text: uiText(general.noLoginMethod) }]);
    const response = readAssertion(passkeyLogin);
    if (response === undefined) return assertionFault("malformed");
    const { userHandle } = response.response;
    if (userHandle === undefined) return unknownOwner();
    const handle = Buffer.from(userHandle, "base64url").toString("utf8");
    const found = await identities.findByIdentifier(db, PASSKEY, [handle]);
    if (found === undefined) return unknownOwner();
    return signIn(
      {
        method: PASSKEY,
        response,
        ...found,
        mayUse: () => true,
        rp: config.rp,
        requireUserVerification: config.user_verification !== "discouraged",
      },
      view,
      call,
    );
  },
});
