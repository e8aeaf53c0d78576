import type { AuditLog } from "../../audit/audit-log.ts";
import type { RelyingPartyConfig } from "../../config/keys-config.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord, Secret } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Call } from "../../lib/call.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import type { Authenticated } from "../contract/authentication.ts";
import { isCompleted } from "../contract/flow.ts";
import type { LoginView } from "../contract/login.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import { type Assertion, verifyAssertion } from "./ceremony.ts";
import { type ChallengeForm, type FormSecrets, roundOf } from "./form-secrets.ts";
import { type KeyMethod, type KeyRing, readKeyRing, type StoredKey, setKeys, writeKeyRing } from "./key.ts";
import { assertionFault, unknownOwner } from "./messages.ts";
import type { readAssertion } from "./response.ts";

/** What signing in with keys needs. */
export interface SignInDeps {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly audit: AuditLog;
  readonly formSecrets: FormSecrets;
}

/** What an answer is checked against. */
export interface SignIn {
  readonly method: KeyMethod;
  readonly response: NonNullable<ReturnType<typeof readAssertion>>;
  /** Whose keys they are; undefined: nobody's, so that no answer holds. */
  readonly identity: IdentityRecord | undefined;
  readonly secret: Secret | undefined;
  /** Which of them will do. */
  readonly mayUse: (key: StoredKey) => boolean;
  readonly rp: RelyingPartyConfig;
  readonly requireUserVerification: boolean;
  readonly sealed?: Readonly<Record<string, string>>;
}

/** The form of whoever signs in: of the person who is signed in, where the flow is about them. */
export const loginForm = (
  method: KeyMethod,
  { flow, refresh, requestedAal, sealedContext, signedIn }: LoginView,
): ChallengeForm => ({
  method,
  flowId: flow.id,
  identityId: refresh || requestedAal === 2 ? signedIn?.identity.id : undefined,
  round: roundOf(sealedContext(method)),
});

/** Signs a person in by the answer of one of their keys. */
export type SignInWithKey = (signIn: SignIn, view: LoginView, call: Call) => Promise<Authenticated | Rejected>;

/**
 * Creates it. A challenge is used up with the sign-in; so is a counter that was seen. Whoever signs in while the key is
 * removed, or used by another request, is looked at again.
 */
export const createSignIn = ({ audit, db, formSecrets }: SignInDeps): SignInWithKey => {
  return async (signIn, view, call) => {
    const { identity, mayUse, method, requireUserVerification, response, rp, secret } = signIn;
    // Its challenge was answered.
    if (isCompleted(view.flow)) return rejected([{ node: "", text: uiText(general.loginCompleted) }]);
    const ring = readKeyRing(secret);
    const key = ring.keys.find(({ id }) => id === response.id);
    if (key === undefined || !mayUse(key)) return unknownOwner();
    const form = loginForm(method, view);
    const assertion = await verifyAssertion(response, key, {
      rp,
      requireUserVerification,
      isChallenge: (challenge) => formSecrets.isChallenge(form, challenge),
    });
    if (assertion.kind === "faulty") {
      if (identity !== undefined && assertion.fault === "counter")
        await audit.record(
          db,
          {
            identityId: identity.id,
            sessionId: view.signedIn?.session.id,
            type: `${method}.copied`,
            outcome: "refused",
            detail: { aaguid: key.aaguid },
          },
          call,
        );
      return {
        ...assertionFault(assertion.fault),
        ...(identity &&
          assertion.fault !== "counter" && { refused: { identityId: identity.id, reason: "wrong_credential" } }),
      };
    }
    if (identity === undefined) return unknownOwner();
    // Only whoever has the key learns that the account was disabled.
    if (identity.state !== "active")
      return {
        ...rejected([{ node: "", text: uiText(general.identityDisabled) }]),
        active: method,
        refused: { identityId: identity.id, reason: "identity_disabled" },
      };
    return {
      kind: "authenticated",
      identity,
      amr: { method, aal: key.passwordless ? "aal1" : "aal2" },
      ...used(method, ring, key, assertion),
      completesFlow: true,
    };
  };
};

/** What is stored of a key that was used: its counter always, what is listed of its backup where that has changed. */
const used = (
  method: KeyMethod,
  ring: KeyRing,
  key: StoredKey,
  { backedUp, backupEligible, signCount }: Assertion,
): Pick<Authenticated, "verified" | "change"> => {
  const after = { ...key, signCount, backupEligible, backedUp };
  const keys = ring.keys.map((each) => (each === key ? after : each));
  const verified = { type: method, version: ring.version };
  if (backedUp !== key.backedUp || backupEligible !== key.backupEligible)
    return { verified, change: () => ({ credential: setKeys(method, { ...ring, keys }) }) };
  return {
    verified: signCount === key.signCount ? verified : { ...verified, renewed: writeKeyRing({ ...ring, keys }) },
  };
};
