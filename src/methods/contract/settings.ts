import type { JsonObject } from "@bufbuild/protobuf";
import type { UpdateFlowBody as SettingsBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change } from "../../identity/identity.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { Call } from "../../lib/call.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { AuthenticationMethodReference } from "../../session/issue.ts";
import type { SignedIn } from "../../session/session.ts";
import type { MethodName } from "./method-name.ts";
import type { CallbackHandler, ExchangeCodes, RedirectRequest } from "./redirect.ts";
import type { Consume, MethodEvent, OpenSealedContext, Rejected, SubmittedValues } from "./result.ts";

/*
 * A way to change one's account. A method lives in one folder and knows no
 * flow's steps; the settings flow knows of methods only this.
 */

/** What a person submits, by the name of the method. */
type SettingsInputs = {
  readonly [M in SettingsBody["method"] as M extends { case: string } ? MethodName<M["case"]> : never]: M["value"];
};

/** The methods of the settings flow, by their name in the contract. */
export type SettingsCase = keyof SettingsInputs;

/** What a person submits to one method. */
export type SettingsInput<K extends SettingsCase> = SettingsInputs[K];

/** What a settings method sees. */
export interface SettingsView extends SignedIn {
  readonly schema: IdentitySchema;
  readonly flow: { readonly id: string; readonly type: "browser" | "api" };
  readonly sealedContext: OpenSealedContext;
  /** What was submitted and did not hold, when the form is shown again. */
  readonly submittedValues: SubmittedValues | null;
  /** The paths to change, for clients that send a field mask. */
  readonly updateMask?: readonly string[] | undefined;
}

/** What a settings method sees of a submit. */
export interface SettingsChange extends SettingsView {
  /** Where to read what the change is made of; nobody writes between in the transaction of a later try. */
  readonly sql: Sql;
  /** Runs hashes and requests to other servers. */
  readonly slow: SlowWork;
}

/** It may be done, as far as can be seen at sight. */
export interface Examined<E> {
  readonly kind: "examined";
  /** Needs a session that proved who it is recently. */
  readonly protected: boolean;
  readonly examined: E;
  /** What was submitted, in case it turns out later that it cannot be. */
  readonly submittedValues?: SubmittedValues;
}

/** It will be done: plain data, to be applied in one transaction. */
export interface Performed {
  readonly kind: "performed";
  readonly change: Change;
  readonly event?: MethodEvent;
  /** An authentication that the change is at the same time. */
  readonly amr?: AuthenticationMethodReference;
  readonly consume?: Consume;
  /** The method the form shows it went on with. */
  readonly active?: string;
}

/** Nothing changes but what the method stores, and so what it shows. */
export interface ContextChanged {
  readonly kind: "context";
  readonly sealed: JsonObject;
}

/** A way to change one's account. */
export interface SettingsMethod<K extends SettingsCase = SettingsCase, E = unknown> {
  /** Configuration key, node group and credential type. */
  readonly name: K;
  readonly enabled: boolean;
  /**
   * Whether it adds or removes what a person signs in with. Whoever has a second factor needs a session that was raised
   * by one for that, whatever the configuration asks of the flow.
   */
  readonly changesFactors: boolean;
  /** Whether what it sets up is a second factor: all that people may do who must have one and have none. */
  readonly isSecondFactor?: boolean;
  /**
   * What the method stores in a new flow, sealed, such as a secret to be confirmed. It stays until the method has saved
   * a change in this flow, and is made again then.
   */
  prepare?(): JsonObject;
  nodes(view: SettingsView): readonly UiNode[];
  /** Cheap: what is wrong at sight, and whether the change is protected. */
  examine(input: SettingsInput<K>, view: SettingsView): Examined<E> | Rejected;
  /** Slow: policy, hashes, other servers. Only after the session was found recent enough. */
  perform(
    examined: E,
    view: SettingsChange,
    call: Call,
  ): Promise<Performed | Rejected | ContextChanged | RedirectRequest>;
  /** For methods that redirect to another site. */
  readonly redirect?: SettingsRedirect<K>;
}

/** The way back into the settings flow. */
export interface SettingsRedirect<K extends SettingsCase = SettingsCase> extends CallbackHandler {
  /** The codes, if this submit of a native app brings those of an answer that waits. */
  exchangeCodes(input: SettingsInput<K>): ExchangeCodes | undefined;
  /** Protected by nature: only after the session was found recent enough. */
  complete(callbackData: JsonObject, view: SettingsChange, call: Call): Promise<Performed | Rejected>;
  /** The submit that asks for the same again. */
  resubmit(linkState: JsonObject): SettingsInput<K>;
}

/** Every settings method; leaving one out does not compile. */
export type SettingsMethods = { readonly [K in SettingsCase]: SettingsMethod<K> };
