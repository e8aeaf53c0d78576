import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { UpdateFlowBody as LoginBody } from "../../gen/ostiary/login/v1/login_service_pb.ts";
import type { UpdateFlowBody as RegistrationBody } from "../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { UpdateFlowBody as SettingsBody } from "../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { UiNode, UiText } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../db/sql.ts";
import type { Change, CredentialChange, IdentityRecord, ValidTraits } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { IdentitySchema } from "../schema/identity-schema.ts";
import type { Proof } from "../session/issue.ts";
import type { SignedIn } from "../session/session.ts";
import type { FormMessage } from "../ui/stored-message.ts";
import type { ExchangeCodes, Leave, Receiving } from "./elsewhere.ts";

/*
 * What a method is to the flows: one way to change or to prove something. A
 * method lives in one folder and knows nothing of any flow's steps; a flow
 * knows of methods only these interfaces, and the list arrives as an argument.
 */

/** Submitted values by node name, to be shown again. Never a secret. */
export type ShownValues = Readonly<Record<string, JsonValue>>;

/** What to record in the person's security events. */
export interface MethodEvent {
  readonly type: string;
  readonly detail?: JsonObject;
}

/** The form does not hold. Nothing is written but the form. */
export interface Rejected {
  readonly kind: "rejected";
  readonly messages: readonly FormMessage[];
  /** What was typed; left out, the nodes show what is stored. */
  readonly shown?: ShownValues;
  /** The method the form goes on with, where it says so. */
  readonly active?: string;
  /** What the form remembers from now on; merged into the flow's context. */
  readonly context?: JsonObject;
  /** What to record in the person's security events as refused. */
  readonly event?: MethodEvent;
}

/**
 * What can be used only once: taken in the transaction of what it is used for.
 * False: it was used already, so nothing is written. May run again after a
 * deadlock.
 */
export type Claim = (tx: Sql) => Promise<boolean>;

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
  readonly event?: MethodEvent;
  /** A proof that the change is at the same time. */
  readonly proof?: Proof;
  readonly claim?: Claim;
  /** The method the form shows it went on with. */
  readonly active?: string;
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
  prepare(examined: E, view: SettingsView, call: Call): Promise<Prepared | Rejected | Shown | Leave>;
  /** For methods whose answer comes from elsewhere. */
  readonly elsewhere?: SettingsElsewhere<K>;
}

/** The way back into the settings flow. */
export interface SettingsElsewhere<K extends SettingsCase = SettingsCase> extends Receiving {
  /** The codes, if this submit of a native app brings those of an answer that waits. */
  codes(input: SettingsInput<K>): ExchangeCodes | undefined;
  /** Protected by nature: only after the session was found recent enough. */
  arrive(received: JsonObject, view: SettingsView, call: Call): Promise<Prepared | Rejected>;
  /** The submit that asks for the same again. */
  again(memory: JsonObject): SettingsInput<K>;
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
  /** Whose account something is to be linked to, once they have proven that it is theirs. */
  readonly confirms: Confirmation | undefined;
}

/** Something that waits for the owner of an account to sign in. */
export interface Confirmation {
  /** The method that links it. */
  readonly method: string;
  /** What the owner identifies by. */
  readonly identifier: string;
  /** The methods to prove it with; undefined: it is not told which ones the owner has. */
  readonly ways: readonly string[] | undefined;
  /** What the method itself shows with. No secret. */
  readonly shown: JsonObject;
}

/** The person is who they say. */
export interface Proven {
  readonly kind: "proven";
  readonly identity: IdentityRecord;
  readonly proof: Proof;
  /** What changes along with signing in, such as traits that a provider tells. */
  readonly change?: Change;
  /** Secret parts to renew, such as a better hash of the same password, by credential type. */
  readonly secrets?: Readonly<Record<string, JsonObject>>;
  readonly claim?: Claim;
}

/** A way to prove who one is. */
export interface LoginMethod<K extends LoginCase = LoginCase> {
  readonly name: K;
  readonly enabled: boolean;
  nodes(view: LoginView): readonly UiNode[];
  /** What was typed and may be shown again. */
  typed(input: LoginInput<K>): ShownValues;
  prove(input: LoginInput<K>, view: LoginView, call: Call): Promise<Arrived | Leave>;
  /** For methods whose answer comes from elsewhere. */
  readonly elsewhere?: Receiving & { arrive(received: JsonObject, view: LoginView, call: Call): Promise<Arrived> };
  /** For methods that link what waits for the owner of an account: what changes when they have signed in. */
  confirm?(memory: JsonObject, owner: IdentityRecord): Promise<Confirmed | Rejected>;
}

/** What is linked when the owner of an account has proven that it is theirs. */
export interface Confirmed {
  readonly kind: "confirmed";
  readonly change: Change;
  readonly proof: Proof;
  readonly event: MethodEvent;
}

/**
 * Where someone who came to sign in or to sign up has arrived; for a method that
 * cannot know before which of the two it will be.
 */
export type Arrived = Proven | Enrolled | Incomplete | Taken | Rejected;

/** Has what can be used only once taken along with what becomes of it. */
export const withClaim = (arrived: Arrived, claim: Claim | undefined): Arrived =>
  claim && (arrived.kind === "proven" || arrived.kind === "enrolled") ? { ...arrived, claim } : arrived;

/** Someone new, of whom not enough is known: they fill in the rest of a sign-up. */
export interface Incomplete {
  readonly kind: "incomplete";
  readonly rejected: Rejected;
}

/** Someone new, with an identifier or address that an account has: whoever it is must sign in to that account. */
export interface Taken {
  readonly kind: "taken";
  readonly ownerId: string;
  readonly confirmation: Confirmation;
  readonly text: UiText;
  /** What the method needs to link it then. Kept encrypted. */
  readonly memory: JsonObject;
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
  /** Beside traits and credentials. */
  readonly extra?: Pick<Change, "verified" | "metadataPublic" | "metadataAdmin">;
  readonly claim?: Claim;
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
  enrol(input: RegistrationInput<K>, view: RegistrationView, call: Call): Promise<Arrived | Leave | NextStep>;
  /** For methods whose answer comes from elsewhere. */
  readonly elsewhere?: Receiving & { arrive(received: JsonObject, view: RegistrationView, call: Call): Promise<Arrived> };
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
