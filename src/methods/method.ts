import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { UpdateFlowBody as LoginBody } from "../../gen/ostiary/login/v1/login_service_pb.ts";
import type { UpdateFlowBody as RegistrationBody } from "../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { UpdateFlowBody as SettingsBody } from "../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { UiNode } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Change, CredentialChange, IdentityRecord, ValidTraits } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { IdentitySchema } from "../schema/identity-schema.ts";
import type { Proof } from "../session/issue.ts";
import type { SignedIn } from "../session/session.ts";
import type { FormMessage } from "../ui/stored-message.ts";

/*
 * What a method is to the flows: one way to change or to prove something. A
 * method lives in one folder and knows nothing of any flow's steps; a flow
 * knows of methods only these interfaces, and the list arrives as an argument.
 */

/** Submitted values by node name, to be shown again. Never a secret. */
export type ShownValues = Readonly<Record<string, JsonValue>>;

/** The form does not hold. Nothing is written but the form. */
export interface Rejected {
  readonly kind: "rejected";
  readonly messages: readonly FormMessage[];
  /** What was typed; left out, the nodes show what is stored. */
  readonly shown?: ShownValues;
  /** The method the form goes on with, where it says so. */
  readonly active?: string;
}

/** The browser must go elsewhere and will come back: to a sign-in provider, say. */
export interface Redirect {
  readonly kind: "redirect";
  readonly location: string;
}

/** Creates a rejection. */
export const rejected = (messages: readonly FormMessage[], shown?: ShownValues, active?: string): Rejected => ({
  kind: "rejected",
  messages,
  ...(shown && { shown }),
  ...(active !== undefined && { active }),
});

/* --- settings ------------------------------------------------------------- */

/** The methods of the settings flow, by their case in the contract. */
export type SettingsCase = Exclude<SettingsBody["method"]["case"], undefined>;

/** What a person submits to one method. */
export type SettingsInput<K extends SettingsCase> = Extract<SettingsBody["method"], { case: K }>["value"];

/** What a settings method sees. */
export interface SettingsView extends SignedIn {
  readonly schema: IdentitySchema;
  readonly flow: { readonly id: string; readonly type: "browser" | "api"; readonly context: JsonObject };
  /** What was typed and did not hold, when the form is shown again. */
  readonly shown: ShownValues | null;
  /** The paths to change, for clients that send a field mask. */
  readonly updateMask?: readonly string[] | undefined;
}

/** It may be done, as far as can be seen at sight. */
export interface Examined<E> {
  readonly kind: "examined";
  /** Needs a session that proved who it is recently. */
  readonly protected: boolean;
  readonly examined: E;
  /** What was typed, in case it turns out later that it cannot be. */
  readonly shown?: ShownValues;
}

/** It will be done: plain data, to be applied in one transaction. */
export interface Prepared {
  readonly kind: "prepared";
  readonly change: Change;
  /** What to record in the person's security events. */
  readonly event?: { readonly type: string; readonly detail?: JsonObject };
  /** A proof that the change is at the same time. */
  readonly proof?: Proof;
}

/** Nothing changes but the form: its context, and so what it shows. */
export interface Shown {
  readonly kind: "shown";
  readonly context: JsonObject;
}

/** A way to change one's account. */
export interface SettingsMethod<K extends SettingsCase = SettingsCase, E = unknown> {
  /** Configuration key, node group and credential type. */
  readonly name: K;
  readonly enabled: boolean;
  nodes(view: SettingsView): readonly UiNode[];
  /** Cheap: what is wrong at sight, and whether the change is protected. */
  examine(input: SettingsInput<K>, view: SettingsView): Examined<E> | Rejected;
  /** Slow: policy, hashes, other servers. Only after the session was found recent enough. */
  prepare(examined: E, view: SettingsView, call: Call): Promise<Prepared | Rejected | Shown | Redirect>;
}

/** Every settings method; leaving one out does not compile. */
export type SettingsMethods = { readonly [K in SettingsCase]: SettingsMethod<K> };

/* --- login ---------------------------------------------------------------- */

/** The methods of the login flow, by their case in the contract. */
export type LoginCase = Exclude<LoginBody["method"]["case"], undefined>;

/** What a person submits to one method. */
export type LoginInput<K extends LoginCase> = Extract<LoginBody["method"], { case: K }>["value"];

/** What a login method sees. */
export interface LoginView {
  readonly flow: { readonly id: string; readonly type: "browser" | "api"; readonly context: JsonObject };
  /** The schema people sign in with when nobody is known yet. */
  readonly schema: IdentitySchema;
  readonly shown: ShownValues | null;
  /** Who proves again who they are, or raises the level. */
  readonly signedIn: SignedIn | undefined;
  readonly refresh: boolean;
  readonly requestedAal: 1 | 2;
}

/** The person is who they say. */
export interface Proven {
  readonly kind: "proven";
  readonly identity: IdentityRecord;
  readonly proof: Proof;
  /** What changes along with signing in, such as a provider that gets linked. */
  readonly change?: Change;
  /** Secret parts to renew, such as a better hash of the same password, by credential type. */
  readonly secrets?: Readonly<Record<string, JsonObject>>;
}

/** A way to prove who one is. */
export interface LoginMethod<K extends LoginCase = LoginCase> {
  readonly name: K;
  readonly enabled: boolean;
  nodes(view: LoginView): readonly UiNode[];
  /** What was typed and may be shown again. */
  typed(input: LoginInput<K>): ShownValues;
  prove(input: LoginInput<K>, view: LoginView, call: Call): Promise<Proven | Rejected | Redirect>;
}

/** Every login method; leaving one out does not compile. */
export type LoginMethods = { readonly [K in LoginCase]: LoginMethod<K> };

/* --- registration --------------------------------------------------------- */

/** The methods of the registration flow, by their case in the contract. */
export type RegistrationCase = Exclude<RegistrationBody["method"]["case"], undefined>;

/** What a person submits to one method. */
export type RegistrationInput<K extends RegistrationCase> = Extract<RegistrationBody["method"], { case: K }>["value"];

/** What a registration method sees. */
export interface RegistrationView {
  readonly flow: { readonly id: string; readonly type: "browser" | "api"; readonly context: JsonObject };
  readonly schema: IdentitySchema;
  readonly shown: ShownValues | null;
  readonly style: "unified" | "profile_first";
  /** In two steps: whether the traits hold already. */
  readonly step: "traits" | "credentials";
}

/** A new person: traits that hold and what they sign in with. */
export interface Enrolled {
  readonly kind: "enrolled";
  readonly traits: ValidTraits;
  readonly credentials: readonly CredentialChange[];
  readonly proof: Proof;
  /** What was typed, in case an identifier turns out to be taken. */
  readonly shown: ShownValues;
}

/** Another step of the same form; `context` is merged into the flow's. */
export interface NextStep {
  readonly kind: "step";
  readonly context: JsonObject;
  readonly shown: ShownValues;
  readonly messages: readonly FormMessage[];
}

/** A way to sign up. */
export interface RegistrationMethod<K extends RegistrationCase = RegistrationCase> {
  readonly name: K;
  readonly enabled: boolean;
  nodes(view: RegistrationView): readonly UiNode[];
  /** What was typed and may be shown again. */
  typed(input: RegistrationInput<K>, schema: IdentitySchema): ShownValues;
  enrol(input: RegistrationInput<K>, view: RegistrationView, call: Call): Promise<Enrolled | Rejected | Redirect | NextStep>;
}

/** Every registration method; leaving one out does not compile. */
export type RegistrationMethods = { readonly [K in RegistrationCase]: RegistrationMethod<K> };

/* --- what a credential is to the rest -------------------------------------- */

/** What others may ask of a kind of credential. */
export interface CredentialKind {
  readonly type: string;
  readonly factor: "first" | "second";
  /** How many ways in of this kind a person has: keys, providers, a password. */
  count(identity: IdentityRecord): number;
}
