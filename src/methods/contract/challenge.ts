import type { UiNode, UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { SecretKind } from "../../challenge/secret-kind.ts";

/*
 * A way to prove that one reads what is sent to an address: a secret goes
 * there and comes back. Verification and recovery know of methods only this.
 */

/** The methods that prove it, by their case in the contract. */
export type ChallengeCase = "code" | "link";

/** Where the form of such a flow stands. */
export interface ChallengeView {
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
export interface ChallengeMethod<K extends ChallengeCase = ChallengeCase> extends SecretKind {
  /** Configuration key and node group. */
  readonly name: K;
  readonly enabled: boolean;
  /** The form, in its order on screen; `csrf` is the anti-CSRF field, or none. */
  nodes(view: ChallengeView, csrf: readonly UiNode[]): readonly UiNode[];
  /** What the form says once something was sent. */
  sent(via: string): UiText;
  /** What it says to a secret that is wrong, used or of something else. */
  readonly wrong: UiText;
}
