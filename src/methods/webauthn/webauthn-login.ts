import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { WebauthnConfig } from "../../config/keys-config.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { spellingsOf } from "../../schema/normalise.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { inputNode } from "../../ui/node.ts";
import type { LoginInput, LoginMethod, LoginView } from "../contract/login.ts";
import { missingField, type NextStep, type Rejected, rejected } from "../contract/result.ts";
import { signsInAlone } from "./credential.ts";
import type { Decoys, NamedKey } from "./decoys.ts";
import { roundOf } from "./form-secrets.ts";
import { type KeyFacts, keyFactsOf, type StoredKey, WEBAUTHN } from "./key.ts";
import { assertionFault, messages, unknownOwner } from "./messages.ts";
import { keyIdentifierNode, keyLoginNodes, keyScript, type ScriptFile } from "./nodes.ts";
import { securityKeyRequest } from "./options.ts";
import { readAssertion } from "./response.ts";
import { loginForm, type SignIn, type SignInDeps, type SignInWithKey } from "./sign-in.ts";

/** What the webauthn method of the login flow needs. */
export interface WebauthnLoginDeps extends Pick<SignInDeps, "db" | "identities" | "formSecrets"> {
  readonly config: WebauthnConfig;
  readonly signIn: SignInWithKey;
  readonly script: ScriptFile;
  /** Whether it has the field of the identifier, which no other method has. */
  readonly hasIdentifier: boolean;
  /** Shown to whoever has no key, where accounts are hidden. */
  readonly decoys: Decoys | undefined;
}

/** Which keys a form asks for: those of a person who is signed in, or of one who said who they are. */
type Allowed = readonly NamedKey[];

/** Whom an answer is for. */
type AnsweredFor = Pick<SignIn, "identity" | "secret" | "mayUse">;

/**
 * Creates the webauthn method of the login flow. Whoever is signed in uses one of their keys at once: as the second
 * factor, or to authenticate again. Where keys sign in by themselves, the identifier comes first, and the form goes on
 * with the keys of its owner.
 */
export const createWebauthnLogin = (deps: WebauthnLoginDeps): LoginMethod<"webauthn"> => {
  const { config, db, identities, formSecrets, signIn, script, hasIdentifier, decoys } = deps;

  /** Whether a key does for what the flow asks for. */
  const mayUse =
    ({ requestedAal }: LoginView, identity: IdentityRecord) =>
    (key: KeyFacts): boolean =>
      requestedAal === 2 ? !key.passwordless : !key.passwordless || signsInAlone(config.passwordless, identity, key);

  const allowed = (view: LoginView): Allowed => {
    const { refresh, requestedAal, sealedContext, signedIn } = view;
    if (signedIn && (refresh || requestedAal === 2))
      return keyFactsOf(signedIn.identity, WEBAUTHN).keys.filter(mayUse(view, signedIn.identity));
    return requestedAal === 1 ? (readOwner(sealedContext(WEBAUTHN))?.keys ?? []) : [];
  };

  const verify = async (answer: string, of: AnsweredFor, view: LoginView, call: Call) => {
    const response = readAssertion(answer);
    if (response === undefined) return assertionFault("malformed");
    return signIn({ method: WEBAUTHN, response, ...of, rp: config.rp, requireUserVerification: false }, view, call);
  };

  const verifySignedIn = async (answer: string, identity: IdentityRecord, view: LoginView, call: Call) => {
    const secret = await identities.findSecret(db, identity.id, WEBAUTHN);
    return verify(answer, { identity, secret, mayUse: mayUse(view, identity) }, view, call);
  };

  /** The second of two steps. Keys of nobody are checked like those of somebody. */
  const verifyOwner = async (answer: string, { identityId, keys }: Owner, view: LoginView, call: Call) => {
    const [identity, secret] = await Promise.all([
      identities.find(db, identityId),
      identities.findSecret(db, identityId, WEBAUTHN),
    ]);
    if (identity !== undefined) {
      const signsIn = (key: StoredKey) => signsInAlone(true, identity, key);
      return verify(answer, { identity, secret, mayUse: signsIn }, view, call);
    }
    if (decoys === undefined) return unknownOwner();
    return verify(answer, { identity, secret: decoys.secretOf(keys), mayUse: () => true }, view, call);
  };

  /** The first of two steps: whose keys are asked for. */
  const findOwner = async (identifier: string, view: LoginView): Promise<NextStep | Rejected> => {
    const submittedValues = { identifier };
    if (identifier.trim() === "") return rejected([missingField("identifier")], submittedValues);
    const found = await identities.findByIdentifier(db, WEBAUTHN, spellingsOf(identifier));
    const keys = found
      ? keyFactsOf(found.identity, WEBAUTHN).keys.filter((key) => signsInAlone(true, found.identity, key))
      : [];
    const owner = found && keys.length > 0 ? { identityId: found.identity.id, keys } : decoys?.of(identifier);
    if (owner === undefined) return { ...unknownOwner(), submittedValues };
    return {
      kind: "next_step",
      state: "choose_method",
      active: WEBAUTHN,
      sealed: writeOwner(owner, roundOf(view.sealedContext(WEBAUTHN))),
      offers: { [WEBAUTHN]: true },
      submittedValues,
      messages: [{ node: "", text: uiText(messages.prepareKey) }],
    };
  };

  return {
    name: WEBAUTHN,
    enabled: config.enabled,

    // Which flows it answers is up to the keys of the person.
    answers: () => true,

    offer: (owner) => {
      if (!config.passwordless) return undefined;
      const signsIn = (known: IdentityRecord) =>
        keyFactsOf(known, WEBAUTHN).keys.some((key) => signsInAlone(true, known, key));
      return owner === undefined || signsIn(owner) ? true : undefined;
    },

    nodes: (view) => {
      const keys = allowed(view);
      const isSignedIn = view.signedIn !== undefined && (view.refresh || view.requestedAal === 2);
      if (keys.length > 0) {
        const options = securityKeyRequest(config.rp, formSecrets.challenge(loginForm(WEBAUTHN, view)), keys);
        return [
          ...(isSignedIn ? [] : [identifierNode("hidden", view.submittedValues?.identifier ?? "")]),
          ...keyLoginNodes(view.flow.type, options, isSignedIn ? messages.signInWithKey : messages.continueWithKey),
          ...(view.flow.type === "browser" ? [keyScript(script)] : []),
        ];
      }
      if (!config.passwordless || view.requestedAal === 2 || isSignedIn || view.accountLink) return [];
      return [
        ...(hasIdentifier ? [identifierNode("text", view.submittedValues?.identifier ?? "")] : []),
        keyIdentifierNode,
      ];
    },

    submitted: submittedOf,

    authenticate: async (input, view, call) => {
      const { refresh, requestedAal, signedIn } = view;
      if (refresh || requestedAal === 2) {
        if (signedIn === undefined || input.webauthnLogin === "") return noMethod;
        return verifySignedIn(input.webauthnLogin, signedIn.identity, view, call);
      }
      if (!config.passwordless) return noMethod;
      const owner = readOwner(view.sealedContext(WEBAUTHN));
      if (input.webauthnLogin === "" || owner === undefined) return findOwner(input.identifier, view);
      return verifyOwner(input.webauthnLogin, owner, view, call);
    },
  };
};

const noMethod = rejected([{ node: "", text: uiText(general.noLoginMethod) }]);

const submittedOf = ({ identifier }: LoginInput<"webauthn">) => ({ identifier });

const identifierNode = (type: "text" | "hidden", value: JsonValue) =>
  inputNode({
    group: "default",
    name: "identifier",
    type,
    value,
    required: true,
    autocomplete: "username webauthn",
    label: uiText(general.identifier),
  });

/** Whose keys a form asks for: a person's, or nobody's. */
interface Owner {
  readonly identityId: string;
  readonly keys: Allowed;
}

/** What the form remembers of whoever said who they are. */
const writeOwner = ({ identityId, keys }: Owner, round: number): JsonObject => ({
  round,
  identityId,
  keys: keys.map(({ id, transports }) => ({ id, transports: [...transports] })),
});

const readOwner = (sealed: JsonObject | undefined): Owner | undefined =>
  typeof sealed?.identityId === "string" && Array.isArray(sealed.keys)
    ? { identityId: sealed.identityId, keys: sealed.keys as unknown as Allowed }
    : undefined;
