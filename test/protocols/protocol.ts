import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ErrorName } from "../../src/errors/table.ts";
import type { Jar } from "./jar.ts";
import type { SeenFlow, SeenSession, SeenText } from "./seen.ts";
import type { SeenNext } from "./seen-next.ts";
import type { TestServer } from "./server.ts";

/*
 * A protocol is a way into the server, a visitor someone who came through it. What
 * a visitor is answered has the same shape whichever protocol it was, so that one
 * test holds them all to the same result and the same reason.
 */

/** The server did it. */
export interface Accepted<T> {
  readonly ok: true;
  readonly value: T;
  /** Where a browser was sent. */
  readonly location?: string;
}

/** The server did not. */
export interface Refusal {
  readonly ok: false;
  readonly reason: ErrorName;
  /** What is wrong with the form. */
  readonly texts: readonly SeenText[];
  /** The field at fault. */
  readonly field: string | undefined;
  /** The flow that takes the place of an expired one. */
  readonly useFlowId: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly reauthenticate: Reauthenticate | undefined;
  readonly stepUp?: StepUp | undefined;
  /** The form that says what is wrong, where it is named: not always the one that was submitted. */
  readonly form?: { readonly kind: string; readonly id: string };
  /** Where a browser was sent. */
  readonly location?: string;
}

/** How to prove again who one is; browsers without script only learn where to go. */
export interface Reauthenticate {
  readonly maxAge?: number;
  readonly methods?: readonly string[];
  readonly nativeLoginUrl?: string;
  readonly redirectBrowserTo: string;
}

/** How to reach a higher level; REST only says where a browser goes. */
export interface StepUp {
  readonly maxAge?: number;
  readonly methods?: readonly string[];
  readonly nativeLoginUrl?: string;
  readonly redirectBrowserTo: string;
}

/** What the server answered. */
export type Answer<T> = Accepted<T> | Refusal;

/** What a submit brings. */
export interface Done {
  readonly flow?: SeenFlow;
  readonly session?: SeenSession;
  /** The session token that came with it. */
  readonly token?: string;
  /** The identity's version. */
  readonly etag?: string;
  /** What to do next; undefined where the answer has no place for it, as that to a form has not. */
  readonly next?: readonly SeenNext[];
}

/**
 * What is submitted, by its REST names; `traits` as a nested object, `update_mask` as a list of paths joined by
 * commas.
 */
export type Submission = JsonObject;

/** The flows of one kind. */
export interface Flows {
  /** Parameters by their REST names. */
  create(query?: Readonly<Record<string, string>>): Promise<Answer<SeenFlow>>;
  get(id: string): Promise<Answer<SeenFlow>>;
  /** Browsers' anti-CSRF token is filled in unless the submission has one. */
  update(id: string, submission: Submission): Promise<Answer<Done>>;
}

/** Kinds of flow. */
export type FlowKind = "settings" | "login" | "registration" | "verification" | "recovery";

/** A page of a person's other sessions. */
export interface SessionPage {
  readonly ids: readonly string[];
  readonly next: string | undefined;
}

/** A pending address. */
export interface SeenPending {
  readonly id: string;
  readonly via: string;
  readonly value: string;
}

/** Someone who came through a protocol. */
export interface Visitor {
  /** What the visitor presents: a token or cookies. To be tampered with. */
  readonly credentials: { token?: string | undefined; readonly jar?: Jar };
  readonly settings: Flows;
  readonly login: Flows;
  readonly registration: Flows;
  readonly verification: Flows;
  readonly recovery: Flows;
  resume(id: string): Promise<Answer<Done>>;
  /** A native app fetches its session. */
  exchange(initCode: string, returnToCode: string): Promise<Answer<Done>>;
  /** A nonce for an ID token. */
  nonce(): Promise<string>;
  whoami(): Promise<Answer<SeenSession>>;
  sessions(query?: Readonly<Record<string, string>>): Promise<Answer<SessionPage>>;
  revoke(id: string): Promise<Answer<undefined>>;
  /** Their ids. */
  trustedDevices(): Promise<Answer<readonly string[]>>;
  endTrustedDevice(id: string): Promise<Answer<undefined>>;
  /** Addresses that wait for their proof. */
  pendingAddresses(): Promise<Answer<readonly SeenPending[]>>;
  cancelPending(id: string): Promise<Answer<undefined>>;
  /** What a token would undo. */
  addressUndo(token: string): Promise<Answer<Omit<SeenPending, "id">>>;
  undoAddress(token: string): Promise<Answer<undefined>>;
  /** The verification flow of another message. */
  resendPending(id: string): Promise<Answer<string>>;
  /** How many. */
  revokeOthers(): Promise<Answer<number>>;
  signOut(): Promise<Answer<undefined>>;
}

/** A way into the server. */
export interface Protocol {
  readonly name: string;
  /** Browsers have cookies and flows of type `browser`, native apps tokens and flows of type `api`. */
  readonly family: "browser" | "native";
  /** Whether it is led by redirects and sees neither JSON nor messages. */
  readonly isForm: boolean;
  enter(server: TestServer): Visitor;
}

/** Options of a visitor's own client, for requests beside the usual. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** @throws Error when the server refused */
export const accepted = <T>(answer: Answer<T>): T => {
  if (answer.ok) return answer.value;
  throw new Error(`refused: ${answer.reason} ${JSON.stringify(answer.texts)}`);
};

/** @throws Error when the server did it */
export const refused = (answer: Answer<unknown>): Refusal => {
  if (!answer.ok) return answer;
  throw new Error(`not refused: ${JSON.stringify(answer.value)}`);
};

/** Traits and the like as form fields: nested names dotted, lists repeated. */
export const formFields = (value: JsonValue | undefined, name: string): [string, string][] => {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item) => [name, String(item)]);
  if (typeof value === "object")
    return Object.entries(value).flatMap(([key, item]) => formFields(item, name === "" ? key : `${name}.${key}`));
  return [[name, String(value)]];
};
