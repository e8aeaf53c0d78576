import type { JsonObject } from "@bufbuild/protobuf";
import type { UiNode, UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";

/*
 * A way to prove that one reads what is sent to an address: a secret goes
 * there and comes back. Verification and recovery know of methods only this.
 */

/** The methods that prove it, by their case in the contract. */
export type ProofCase = "code" | "link";

/** What a secret is good for: this flow, this address, this person. */
export interface ProofBinding {
  readonly flowId: string;
  /** Normalised; for what is no address, whatever it is sent to. */
  readonly address: string;
  /** Undefined where nobody has the address, or nobody is known yet. */
  readonly identityId: string | undefined;
}

/** What someone who brings a secret gets to hear. */
export type ProofCheck = "right" | "wrong" | "expired";

/** A secret that was made just now. */
export interface IssuedProof {
  /** For the message and nothing else. */
  readonly secret: string;
  /** For the sealed context of the flow: a keyed digest and an expiry, never the secret. */
  readonly sealed: JsonObject;
  readonly expiresAt: Date;
}

/** Where the form of such a flow stands. */
export interface ProofView {
  /** What the form asks for: an address, or what was sent to it. */
  readonly step: "address" | "secret" | "done";
  /** The address as it was typed; empty where none was. */
  readonly address: string;
  /** Whether the address may be a phone number. */
  readonly takesPhoneNumbers: boolean;
  /** The secret that a link of the message brought into this browser. */
  readonly opened: string | undefined;
  /** The address is what is wrong, and is asked for again. */
  readonly isAddressWrong: boolean;
  /** Where the person goes on, once it is done. */
  readonly continueUrl: string;
}

/** A way to prove it. */
export interface ProofMethod<K extends ProofCase = ProofCase> {
  /** Configuration key and node group. */
  readonly name: K;
  readonly enabled: boolean;
  /** Milliseconds that a secret lives. */
  readonly lifespan: number;
  /** Whether the secret is short enough to be guessed: its guesses are counted, and a wrong one may be corrected. */
  readonly isGuessable: boolean;
  issue(binding: ProofBinding, lifespan?: number): IssuedProof;
  check(sealed: JsonObject | undefined, binding: ProofBinding, secret: string): ProofCheck;
  /** The form, in its order on screen; `csrf` is the anti-CSRF field, or none. */
  nodes(view: ProofView, csrf: readonly UiNode[]): readonly UiNode[];
  /** What the form says once something was sent. */
  sent(via: string): UiText;
  /** What it says to a secret that is wrong, used or of something else. */
  readonly wrong: UiText;
}
