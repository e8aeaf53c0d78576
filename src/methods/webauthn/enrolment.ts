import type { RelyingPartyConfig } from "../../config/keys-config.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import type { Performed, SettingsChange } from "../contract/settings.ts";
import { verifyRegistration } from "./ceremony.ts";
import { type ChallengeForm, type FormSecrets, roundOf } from "./form-secrets.ts";
import {
  hexOf,
  type KeyFacts,
  type KeyMethod,
  keyFactsOf,
  PASSKEY,
  readKeyRing,
  type StoredKey,
  setKeys,
  WEBAUTHN,
  withoutKey,
} from "./key.ts";
import { keyIsThere, lastFirstFactor, registrationFault, tooManyKeys, unknownKey } from "./messages.ts";
import { readRegistration } from "./response.ts";

/** What adding and removing keys needs. */
export interface EnrolmentDeps {
  readonly identities: IdentityStore;
  readonly clock: Clock;
  readonly formSecrets: FormSecrets;
  /** How many ways to sign in a person has, of any kind. */
  readonly firstFactors: (identity: IdentityRecord) => number;
}

/** Keys of one type that a person may have: they are listed at each read of the account. */
export const MOST_KEYS = 24;

/** What a new key is checked against and called. */
export interface Enrolment {
  readonly method: KeyMethod;
  /** The answer of the browser, JSON. */
  readonly answer: string;
  readonly rp: RelyingPartyConfig;
  readonly requireUserVerification: boolean;
  /** Node that says so if the key is there already. */
  readonly node: string;
  readonly passwordless: boolean;
  /** In base64url. */
  readonly userHandle: string;
  readonly nameOf: (aaguid: string) => string;
}

/** The key of an answer, or what is wrong with it. */
export const readNewKey = async (
  { method: _, answer, rp, requireUserVerification, passwordless, nameOf }: Omit<Enrolment, "node" | "userHandle">,
  form: ChallengeForm,
  { clock, formSecrets }: Pick<EnrolmentDeps, "clock" | "formSecrets">,
): Promise<StoredKey | Rejected> => {
  const response = readRegistration(answer);
  if (response === undefined) return registrationFault("malformed");
  const verified = await verifyRegistration(response, {
    rp,
    requireUserVerification,
    isChallenge: (challenge) => formSecrets.isChallenge(form, challenge),
  });
  if (verified.kind === "faulty") return registrationFault(verified.fault);
  const { key } = verified;
  return { ...key, name: nameOf(key.aaguid), addedAt: clock.now().toISOString(), passwordless };
};

/** All keys of a person: the same authenticator is not asked for another, whatever for. */
export const allKeysOf = (identity: IdentityRecord): readonly KeyFacts[] =>
  [WEBAUTHN, PASSKEY].flatMap((type) => keyFactsOf(identity, type as KeyMethod).keys);

/** The form of the person whose flow it is. */
export const settingsForm = (
  method: KeyMethod,
  { flow, identity, sealedContext }: Pick<SettingsChange, "flow" | "identity" | "sealedContext">,
): ChallengeForm => ({
  method,
  flowId: flow.id,
  identityId: identity.id,
  round: roundOf(sealedContext(method)),
});

/** Adds and removes keys of a person who is signed in. */
export interface Enrolments {
  add(enrolment: Enrolment, view: SettingsChange): Promise<Performed | Rejected>;
  /** @param hexId as its node has it */
  remove(method: KeyMethod, hexId: string, node: string, view: SettingsChange): Promise<Performed | Rejected>;
  /** Whether without a key of this method nothing would be left to sign in with, by the present configuration. */
  mustStay(identity: IdentityRecord, method: KeyMethod): (key: KeyFacts) => boolean;
}

/** Creates them. What is counted is looked at on the identity that the change is written against. */
export const createEnrolments = (deps: EnrolmentDeps): Enrolments => {
  const { firstFactors, identities } = deps;

  const mustStay: Enrolments["mustStay"] = (identity, method) => {
    if (firstFactors(identity) > 1) return () => false;
    return (key) => key.passwordless && firstFactors(withoutKey(identity, method, key)) === 0;
  };

  return {
    mustStay,

    add: async (enrolment, view) => {
      const { method, node, passwordless, userHandle } = enrolment;
      const form = settingsForm(method, view);
      const event = { type: `${method}.added` } as const;
      const key = await readNewKey(enrolment, form, deps);
      if ("kind" in key) return { ...key, event };
      const there = allKeysOf(view.identity);
      if (there.some(({ id }) => id === key.id)) return { ...rejected([keyIsThere(node)]), event };
      const ring = readKeyRing(await identities.findSecret(view.sql, view.identity.id, method));
      if (ring.keys.length >= MOST_KEYS) return { ...rejected([tooManyKeys(MOST_KEYS)]), event };
      const handle = ring.userHandle ?? userHandle;
      return {
        kind: "performed",
        change: { credentials: [setKeys(method, { ...ring, userHandle: handle, keys: [...ring.keys, key] })] },
        event: { ...event, detail: { aaguid: key.aaguid } },
        amr: { method, aal: passwordless ? "aal1" : "aal2" },
      };
    },

    remove: async (method, hexId, node, view) => {
      const event = { type: `${method}.removed` } as const;
      const ring = readKeyRing(await identities.findSecret(view.sql, view.identity.id, method));
      const key = ring.keys.find(({ id }) => hexOf(id) === hexId.toLowerCase());
      if (key === undefined) return { ...rejected([unknownKey()]), event };
      if (mustStay(view.identity, method)(key)) return { ...rejected([lastFirstFactor(node)]), event };
      return {
        kind: "performed",
        change: { credentials: [setKeys(method, { ...ring, keys: ring.keys.filter((each) => each !== key) })] },
        event: { ...event, detail: { aaguid: key.aaguid } },
      };
    },
  };
};
