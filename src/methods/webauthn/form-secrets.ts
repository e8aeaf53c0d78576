import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";

/** What a challenge is good for: one round of one method's form, of one person where somebody is known. */
export interface ChallengeForm {
  readonly method: string;
  readonly flowId: string;
  readonly identityId: string | undefined;
  /** Another once a challenge was answered. */
  readonly round: number;
}

/** What forms of keys are made of that nobody else can make up. */
export interface FormSecrets {
  /** 32 bytes in base64url. The same at each read of a form, until it is answered. */
  challenge(form: ChallengeForm): string;
  /** Whether a challenge is that of the form, under any key. */
  isChallenge(form: ChallengeForm, challenge: string): boolean;
  /**
   * User handle (WebAuthn Level 3, section 14.6.1) of whoever has none yet, in base64url: 64 letters and digits that
   * say nothing about them.
   *
   * @param subject id of the person, or of the flow in which they sign up
   */
  userHandle(subject: string): string;
}

/**
 * Creates them. Challenges are not stored: each is an HMAC-SHA-256 over what it is good for, under a secret key, so
 * that it is random to everybody else (WebAuthn Level 3, section 13.4.3) and a form that is only looked at writes
 * nothing.
 * What is stored, with the change or the sign-in that an answer causes, is that another round has begun.
 *
 * @param keys `secrets.default`: the first makes challenges, all of them check
 */
export const createFormSecrets = (keys: readonly string[]): FormSecrets => {
  const macs = (text: string) => keys.map((key) => createHmac("sha256", key).update(text).digest());
  const challenges = ({ method, flowId, identityId = "", round }: ChallengeForm) =>
    macs(`challenge of a key|${method}|${flowId}|${identityId}|${round}`);
  const first = (list: readonly Buffer[]): Buffer => {
    const [made] = list;
    if (made === undefined) throw new RangeError("challenges need a key");
    return made;
  };
  return {
    challenge: (form) => first(challenges(form)).toString("base64url"),
    isChallenge: (form, challenge) => {
      const given = Buffer.from(challenge, "base64url");
      return challenges(form).some((made) => made.length === given.length && timingSafeEqual(made, given));
    },
    userHandle: (subject) => Buffer.from(first(macs(`user handle|${subject}`)).toString("hex")).toString("base64url"),
  };
};

const ROUND = "round";

/** The round of a form, of what its method remembers. */
export const roundOf = (sealed: JsonObject | undefined): number =>
  typeof sealed?.[ROUND] === "number" ? sealed[ROUND] : 0;

/** What a method remembers of a form whose challenges are new: of a new flow, and once one was answered. */
export const newRound = (): JsonObject => ({ [ROUND]: randomInt(1, 2 ** 47) });
