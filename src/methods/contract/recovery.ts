import type { UpdateFlowBody as RecoveryBody } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { AuthenticationMethodReference } from "../../session/issue.ts";
import type { ChallengeMethod } from "./challenge.ts";

/* A way back into an account. The recovery flow knows of methods only this. */

/** The methods of the recovery flow, by their case in the contract. */
export type RecoveryCase = Exclude<RecoveryBody["method"]["case"], undefined>;

/** Where the form stands in which people choose among their addresses. */
export interface AddressChoiceView {
  readonly step: "address" | "choice" | "confirmation" | "code";
  /** The address that was named first, as it was typed. */
  readonly named: string;
  /** The address that the code goes to, as it was typed. */
  readonly confirmed: string;
  /** The addresses to choose among: what stands for each, and how it is shown. */
  readonly choices: readonly (readonly [choice: string, masked: string])[];
  /** What the chosen address is. */
  readonly via: string;
  /** The code that a link of the message brought into this browser. */
  readonly opened: string | undefined;
}

/** A way to recover. */
export interface RecoveryMethod<K extends RecoveryCase = RecoveryCase> extends ChallengeMethod<K> {
  /** What a recovered session was begun with. */
  readonly amr: AuthenticationMethodReference;
  /** The form in which people choose among their addresses; left out by methods that have none. */
  choiceNodes?(view: AddressChoiceView, csrf: readonly UiNode[]): readonly UiNode[];
}

/** Every recovery method; leaving one out does not compile. */
export type RecoveryMethods = { readonly [K in RecoveryCase]: RecoveryMethod<K> };
