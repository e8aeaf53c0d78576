import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { UpdateFlowBody as LoginBody } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { SignedIn } from "../../session/session.ts";
import type { AccountLink, AuthenticationResult, LinkedAccount } from "./authentication.ts";
import type { ViewedFlow } from "./flow.ts";
import type { MethodName } from "./method-name.ts";
import type { CallbackHandler, RedirectRequest } from "./redirect.ts";
import type { NextStep, OpenSealedContext, Rejected, SubmittedValues } from "./result.ts";

/* A way to authenticate. The login flow knows of methods only this. */

/** What a person submits, by the name of the method. */
type LoginInputs = {
  readonly [M in LoginBody["method"] as M extends { case: string } ? MethodName<M["case"]> : never]: M["value"];
};

/** The methods of the login flow, by their name in the contract. */
export type LoginCase = keyof LoginInputs;

/** What a person submits to one method. */
export type LoginInput<K extends LoginCase> = LoginInputs[K];

/** What a login method sees. */
export interface LoginView {
  readonly flow: ViewedFlow;
  readonly sealedContext: OpenSealedContext;
  /** The schema people sign in with when nobody is known yet. */
  readonly schema: IdentitySchema;
  readonly submittedValues: SubmittedValues | null;
  /** Who authenticates again, or raises the level. */
  readonly signedIn: SignedIn | undefined;
  readonly refresh: boolean;
  readonly requestedAal: 1 | 2;
  /** The trait whose address gets a code; empty: the person chooses. */
  readonly via: string;
  /** Whose account something is to be linked to, once its owner is authenticated. */
  readonly accountLink: AccountLink | undefined;
  /** In two steps: whether the form asks who it is, or for a credential already. In one step always `credentials`. */
  readonly step: "identifier" | "credentials";
  /** In the second of two steps: what each method shows, by its name; those that are not named show nothing. */
  readonly offers: JsonObject | undefined;
  /** What the submit brings for hooks and messages. Undefined where a form is shown. */
  readonly transientPayload: JsonObject | undefined;
}

/** A way to authenticate. */
export interface LoginMethod<K extends LoginCase = LoginCase> {
  readonly name: K;
  readonly enabled: boolean;
  /** Whether it answers a flow that asks for this level; see `answersAal` in `session/aal.ts`. */
  answers(requestedAal: 1 | 2): boolean;
  nodes(view: LoginView): readonly UiNode[];
  /** Whether it shows beside the question who it is, in a login of two steps. */
  readonly isBesideIdentifier?: true;
  /**
   * What it shows in the second step to whoever gave the identifier of this person; undefined: nothing.
   *
   * @param owner undefined where nobody has the identifier, or must not be distinguished from nobody
   */
  offer?(owner: IdentityRecord | undefined): JsonValue | undefined;
  /** What was submitted and may be shown again. */
  submitted(input: LoginInput<K>): SubmittedValues;
  authenticate(
    input: LoginInput<K>,
    view: LoginView,
    call: Call,
  ): Promise<AuthenticationResult | RedirectRequest | NextStep>;
  /** For methods that redirect to another site. */
  readonly redirect?: CallbackHandler & {
    complete(callbackData: JsonObject, view: LoginView, call: Call): Promise<AuthenticationResult>;
  };
  /** For methods with pending account links: what changes when the owner of the account has signed in. */
  linkAccount?(linkState: JsonObject, owner: IdentityRecord, tx: Sql): Promise<LinkedAccount | Rejected>;
  /** For methods that learn of the person who signs in: what changes in them as they are now. Undefined: nothing. */
  applyUpdate?(
    update: JsonObject,
    person: { readonly identity: IdentityRecord; readonly schema: IdentitySchema },
    tx: Sql,
  ): Promise<Change | undefined>;
}

/** Every login method; leaving one out does not compile. */
export type LoginMethods = { readonly [K in LoginCase]: LoginMethod<K> };
