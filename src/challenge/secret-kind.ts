import type { JsonObject } from "@bufbuild/protobuf";
import type { SecretCheck } from "../lib/one-time-secret.ts";

/** What a secret is good for: this flow, this address, this person. */
export interface ChallengeBinding {
  readonly flowId: string;
  /** As `addressKey` has it; empty for a secret that an operator made. */
  readonly address: string;
  /** Undefined where nobody has the address, or nobody is known yet. */
  readonly identityId: string | undefined;
}

/** What the digest of a secret is made of beside the secret. */
export const digestedBinding = ({ flowId, address, identityId }: ChallengeBinding) =>
  [flowId, address, identityId ?? null] as const;

/** A secret that was made just now. */
export interface IssuedSecret {
  /** For the message and nothing else. */
  readonly secret: string;
  /** For the sealed context of the flow: a keyed digest and an expiry, never the secret. */
  readonly sealed: JsonObject;
  readonly expiresAt: Date;
}

/** A kind of secret that is sent to an address: a code of six digits, the token of a link. */
export interface SecretKind {
  /** Milliseconds that a secret lives. */
  readonly lifespan: number;
  /** Whether the secret is short enough to be guessed: its guesses are counted, and a wrong one may be corrected. */
  readonly isGuessable: boolean;
  /** @param lifespan milliseconds; left out, that of the kind */
  issue(binding: ChallengeBinding, lifespan?: number): IssuedSecret;
  /** @param sealed what `issue` gave; undefined where no secret is good */
  check(sealed: JsonObject | undefined, binding: ChallengeBinding, secret: string): SecretCheck;
}
