import type { JsonObject } from "@bufbuild/protobuf";
import type { UpdateFlowBody } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { AuthenticationResult, RegistrationResult } from "./authentication.ts";
import type { ViewedFlow } from "./flow.ts";
import type { CallbackHandler, RedirectRequest } from "./redirect.ts";
import type { NextStep, OpenSealedContext, Rejected, SubmittedValues } from "./result.ts";

/* A way to sign up. The registration flow knows of methods only this. */

/** The methods of the registration flow, by their case in the contract. */
export type RegistrationCase = Exclude<UpdateFlowBody["method"]["case"], undefined>;

/** What a person submits to one method. */
export type RegistrationInput<K extends RegistrationCase> = Extract<UpdateFlowBody["method"], { case: K }>["value"];

/** What a registration method sees. */
export interface RegistrationView {
  readonly flow: ViewedFlow;
  readonly sealedContext: OpenSealedContext;
  readonly schema: IdentitySchema;
  readonly submittedValues: SubmittedValues | null;
  readonly style: "unified" | "profile_first";
  /** In two steps: whether the traits hold already. */
  readonly step: "traits" | "credentials";
  /** What the submit brings for hooks and messages. Undefined where a form is shown. */
  readonly transientPayload: JsonObject | undefined;
}

/** Proves an address of whoever signs up before there is an account. */
export interface SignUpConfirmation {
  /** Whether an address is to be proven. */
  isDue(registered: RegistrationResult): boolean;
  /**
   * Asks for that. The result waits, sealed, and comes back from `register` of this method.
   *
   * @param method the one they sign up by
   * @throws RATE_LIMITED
   */
  begin(
    registered: RegistrationResult,
    method: string,
    view: RegistrationView,
    call: Call,
  ): Promise<NextStep | Rejected>;
}

/** A way to sign up. */
export interface RegistrationMethod<K extends RegistrationCase = RegistrationCase> {
  readonly name: K;
  readonly enabled: boolean;
  /** Whether forms of this style may be submitted with it; left out: those of either. */
  answers?(style: RegistrationView["style"]): boolean;
  nodes(view: RegistrationView): readonly UiNode[];
  /** What was submitted and may be shown again. */
  submitted(input: RegistrationInput<K>, schema: IdentitySchema): SubmittedValues;
  register(
    input: RegistrationInput<K>,
    view: RegistrationView,
    call: Call,
  ): Promise<AuthenticationResult | RedirectRequest | NextStep>;
  /** For the method by which whoever signs up by another one proves an address. */
  readonly confirmation?: SignUpConfirmation;
  /** For methods that redirect to another site. */
  readonly redirect?: CallbackHandler & {
    complete(callbackData: JsonObject, view: RegistrationView, call: Call): Promise<AuthenticationResult>;
  };
}

/** Every registration method; leaving one out does not compile. */
export type RegistrationMethods = { readonly [K in RegistrationCase]: RegistrationMethod<K> };
