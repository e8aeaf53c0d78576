import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { LoginFlow } from "../../gen/ostiary/login/v1/flow_pb.ts";
import { StateSchema as LoginStateSchema } from "../../gen/ostiary/login/v1/flow_pb.ts";
import { type RecoveryFlow, StateSchema as RecoveryStateSchema } from "../../gen/ostiary/recovery/v1/flow_pb.ts";
import type { RegistrationFlow } from "../../gen/ostiary/registration/v1/flow_pb.ts";
import type { Session } from "../../gen/ostiary/session/v1/session_pb.ts";
import type { SettingsFlow } from "../../gen/ostiary/settings/v1/flow_pb.ts";
import { StateSchema as SettingsStateSchema } from "../../gen/ostiary/settings/v1/flow_pb.ts";
import { FlowType, type UiNode, type UiText, UiTextType } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { VerificationFlow } from "../../gen/ostiary/verification/v1/flow_pb.ts";
import { actionOf } from "./seen-next.ts";

/*
 * What a client sees, the same whichever protocol it looked through. REST JSON and
 * messages are read by hand here, by their documented names, so that a test
 * does not rest on the very code that prints them.
 */

/** A text on a form: on one of its nodes, or (node "") on the form as a whole. */
export interface SeenText {
  readonly node: string;
  readonly id: number;
  readonly type: "info" | "error" | "success";
  readonly text: string;
}

/** An element of a form. */
export interface SeenNode {
  /** Of an input; the id of anything else. */
  readonly name: string;
  readonly group: string;
  /** Of an input; the kind of anything else. */
  readonly type: string;
  /** Of an input; the words of a text, the address of an image. Undefined when the node has none. */
  readonly value: JsonValue | undefined;
}

/** A flow of any kind. */
export interface SeenFlow {
  readonly id: string;
  readonly type: "browser" | "api";
  readonly state: string;
  readonly action: string;
  readonly requestUrl: string;
  readonly returnTo: string | undefined;
  readonly nodes: readonly SeenNode[];
  readonly texts: readonly SeenText[];
  /** Of a settings flow. */
  readonly traits: JsonObject | undefined;
  /** Of an answer: what to do next, by its action. */
  readonly continueWith: readonly string[];
  /** The method that was used last. */
  readonly active: string | undefined;
  /** Of a native app that goes through the system browser. */
  readonly exchangeCode: string | undefined;
}

/** A session. Times are milliseconds since the epoch. */
export interface SeenSession {
  readonly id: string;
  readonly active: boolean;
  /** Authenticator assurance level: 0, 1 or 2. */
  readonly aal: number;
  /** Empty where it is withheld. */
  readonly identityId: string;
  readonly traits: JsonObject;
  readonly authenticatedAt: number;
  readonly expiresAt: number;
  readonly methods: readonly string[];
}

/** The value of a node, as the form shows it. */
export const shownIn = (flow: SeenFlow, name: string): JsonValue | undefined =>
  flow.nodes.find((node) => node.name === name)?.value;

/* --- REST ------------------------------------------------------------------ */

interface JsonText {
  readonly id: number;
  readonly type: SeenText["type"];
  readonly text: string;
}

interface JsonFlow {
  readonly id: string;
  readonly type: SeenFlow["type"];
  readonly state: string;
  readonly request_url: string;
  readonly return_to?: string;
  readonly ui: {
    readonly action: string;
    readonly messages?: readonly JsonText[];
    readonly nodes: readonly {
      readonly group: string;
      readonly attributes: {
        readonly node_type: string;
        readonly name: string;
        readonly id: string;
        readonly type: string;
        readonly value?: JsonValue;
        readonly text?: JsonText;
        readonly src?: string;
        readonly href?: string;
      };
      readonly messages: readonly JsonText[];
    }[];
  };
  readonly identity?: { readonly traits: JsonObject };
  readonly continue_with?: readonly { readonly action: string }[];
  readonly active?: string;
  readonly session_token_exchange_code?: string;
}

/** Reads a flow as REST prints it. */
export const flowOfJson = (json: unknown): SeenFlow => {
  const flow = json as JsonFlow;
  const textsOf = (node: string, texts: readonly JsonText[] = []) =>
    texts.map(({ id, type, text }) => ({ node, id, type, text }));
  return {
    id: flow.id,
    type: flow.type,
    state: flow.state,
    action: flow.ui.action,
    requestUrl: flow.request_url,
    returnTo: flow.return_to,
    nodes: flow.ui.nodes.map(({ group, attributes: { node_type, name, id, type, value, text, src, href } }) =>
      node_type === "input"
        ? { name, group, type, value }
        : { name: id, group, type: node_type, value: text?.text ?? src ?? href },
    ),
    texts: [
      ...textsOf("", flow.ui.messages),
      ...flow.ui.nodes.flatMap((node) => textsOf(node.attributes.name ?? "", node.messages)),
    ],
    traits: flow.identity?.traits,
    continueWith: (flow.continue_with ?? []).map((next) => next.action),
    active: flow.active,
    exchangeCode: flow.session_token_exchange_code,
  };
};

interface JsonSession {
  readonly id: string;
  readonly active: boolean;
  readonly authenticated_at: string;
  readonly expires_at: string;
  readonly authentication_methods: readonly { readonly method: string }[];
  readonly authenticator_assurance_level: string;
  readonly identity: { readonly id: string; readonly traits: JsonObject } | null;
}

/** Reads a session as REST prints it. */
export const sessionOfJson = (json: unknown): SeenSession => {
  const session = json as JsonSession;
  return {
    id: session.id,
    active: session.active,
    aal: Number(session.authenticator_assurance_level.slice(-1)),
    identityId: session.identity?.id ?? "",
    traits: session.identity?.traits ?? {},
    authenticatedAt: Date.parse(session.authenticated_at),
    expiresAt: Date.parse(session.expires_at),
    methods: session.authentication_methods.map((each) => each.method),
  };
};

/* --- messages -------------------------------------------------------------- */

const kinds: Readonly<Record<number, SeenText["type"]>> = {
  [UiTextType.INFO]: "info",
  [UiTextType.ERROR]: "error",
  [UiTextType.SUCCESS]: "success",
};

/** Reads a text of a form as Connect and gRPC carry it. */
export const textOfMessage = (node: string, { id, type, text }: UiText): SeenText => ({
  node,
  id,
  type: kinds[type] ?? "error",
  text,
});

const nodeOfMessage = ({ group, attributes }: UiNode): SeenNode => {
  const kind = attributes?.kind;
  if (kind?.case === undefined) throw new Error("a node without attributes");
  if (kind.case === "input") {
    const { name, type, value } = kind.value;
    return { name, group, type, value: value === undefined ? undefined : toJson(ValueSchema, value) };
  }
  if (kind.case === "a") return { name: kind.value.id, group, type: "a", value: kind.value.href };
  const value = kind.case === "text" ? kind.value.text?.text : kind.case === "img" ? kind.value.src : undefined;
  return { name: kind.value.id, group, type: kind.case, value };
};

type Flow = SettingsFlow | LoginFlow | RegistrationFlow | VerificationFlow | RecoveryFlow;

const stateSchemas = {
  "ostiary.settings.v1.SettingsFlow": SettingsStateSchema,
  "ostiary.login.v1.LoginFlow": LoginStateSchema,
  "ostiary.registration.v1.RegistrationFlow": LoginStateSchema,
  "ostiary.verification.v1.VerificationFlow": RecoveryStateSchema,
  "ostiary.recovery.v1.RecoveryFlow": RecoveryStateSchema,
} as const;

const stateOf = (flow: Flow): string => {
  const { values } = stateSchemas[flow.$typeName];
  return (values.find(({ number }) => number === flow.state)?.name ?? "").replace(/^STATE_/, "").toLowerCase();
};

/** Reads a flow as Connect and gRPC carry it. */
export const flowOfMessage = (flow: Flow): SeenFlow => {
  const { nodes = [], messages = [], action = "" } = flow.ui ?? {};
  const seen = nodes.map((node) => ({ ...nodeOfMessage(node), messages: node.messages }));
  return {
    id: flow.id,
    type: flow.type === FlowType.API ? "api" : "browser",
    state: stateOf(flow),
    action,
    requestUrl: flow.requestUrl,
    returnTo: flow.returnTo,
    nodes: seen.map(({ name, group, type, value }) => ({ name, group, type, value })),
    texts: [
      ...messages.map((text) => textOfMessage("", text)),
      ...seen.flatMap((node) => node.messages.map((text) => textOfMessage(node.name, text))),
    ],
    traits: "identity" in flow ? flow.identity?.traits : undefined,
    continueWith: "continueWith" in flow ? flow.continueWith.map(actionOf) : [],
    active: flow.active,
    exchangeCode: "sessionTokenExchangeCode" in flow ? flow.sessionTokenExchangeCode : undefined,
  };
};

const at = (time: Timestamp | undefined): number => (time === undefined ? Number.NaN : timestampMs(time));

/** Reads a session as Connect and gRPC carry it. */
export const sessionOfMessage = (session: Session): SeenSession => ({
  id: session.id,
  active: session.active,
  aal: session.authenticatorAssuranceLevel - 1,
  identityId: session.identity?.id ?? "",
  traits: session.identity?.traits ?? {},
  authenticatedAt: at(session.authenticatedAt),
  expiresAt: at(session.expiresAt),
  methods: session.authenticationMethods.map((each) => each.method),
});
