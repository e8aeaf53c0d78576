import type { JsonObject } from "@bufbuild/protobuf";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { randomBytes } from "../../lib/random-bytes.ts";
import { uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, scriptNode, submitNode } from "../../ui/node.ts";
import { hexOf, type KeyFacts, type KeyMethod, PASSKEY, WEBAUTHN } from "./key.ts";
import { messages, removalLabel } from "./messages.ts";

/*
 * The elements of forms by which keys are made and used. What a button runs is there twice, as Ory Kratos has it: as a
 * script for pages that run what stands in attributes, and as the name of a function. Flows of native apps have neither
 * scripts nor what is for them.
 */

/** Whom a form is for. */
type FlowType = "browser" | "api";

/** The file that the page's script is. */
export interface ScriptFile {
  /** Absolute URL. */
  readonly src: string;
  /** Subresource Integrity hash. */
  readonly integrity: string;
}

/** The script that the buttons call. */
export const keyScript = ({ src, integrity }: ScriptFile): UiNode =>
  scriptNode({
    group: WEBAUTHN,
    id: "webauthn_script",
    src,
    integrity,
    nonce: randomBytes(16).toString("base64url"),
  });

const hidden = (group: string, name: string, value?: string): UiNode =>
  inputNode({ group, name, type: "hidden", value });

/** A button that calls a function of the script. */
const trigger = (parts: {
  readonly type: FlowType;
  readonly group: KeyMethod;
  readonly name: string;
  readonly value?: string;
  readonly calls: string;
  readonly with?: string;
  readonly label: Parameters<typeof submitNode>[0]["label"];
}): UiNode =>
  inputNode({
    group: parts.group,
    name: parts.name,
    type: "button",
    value: parts.value,
    onclickTrigger: parts.calls,
    onclick: parts.type === "browser" ? `window.${parts.calls}(${parts.with ?? ""})` : undefined,
    label: parts.label,
  });

/** Both kinds of key have a button for each that is there. */
const removals = (
  group: KeyMethod,
  name: string,
  message: typeof messages.removeKey | typeof messages.removePasskey,
  keys: readonly KeyFacts[],
  mustStay: (key: KeyFacts) => boolean,
): readonly UiNode[] =>
  keys.map((key) =>
    inputNode({
      group,
      name,
      type: "submit",
      value: hexOf(key.id),
      disabled: mustStay(key),
      label: removalLabel(message, key),
    }),
  );

const keyName = (value: string): UiNode =>
  inputNode({
    group: WEBAUTHN,
    name: "webauthn_register_displayname",
    type: "text",
    value,
    label: uiText(messages.keyName),
  });

const keyAnswer = freezeNode(hidden(WEBAUTHN, "webauthn_register", ""));
const keyLoginAnswer = freezeNode(hidden(WEBAUTHN, "webauthn_login", ""));

const keyRegistration = (options: JsonObject, name: string, label: UiNodeLabel): readonly UiNode[] => {
  const value = JSON.stringify(options);
  return [
    keyName(name),
    keyAnswer,
    trigger({
      type: "browser",
      group: WEBAUTHN,
      name: "webauthn_register_trigger",
      value,
      calls: "oryWebAuthnRegistration",
      with: value,
      label,
    }),
  ];
};

type UiNodeLabel = Parameters<typeof submitNode>[0]["label"];

/** Settings: a button for each security key, and what adds another. */
export const keySettingsNodes = (state: {
  readonly keys: readonly KeyFacts[];
  readonly mustStay: (key: KeyFacts) => boolean;
  readonly options: JsonObject;
  readonly name: string;
}): readonly UiNode[] => [
  ...removals(WEBAUTHN, "webauthn_remove", messages.removeKey, state.keys, state.mustStay),
  ...keyRegistration(state.options, state.name, uiText(messages.addKey)),
];

/** Registration with a security key. */
export const keyRegistrationNodes = (options: JsonObject, name: string): readonly UiNode[] =>
  keyRegistration(options, name, uiText(messages.signUpWithKey));

/** Sign-in with a security key whose options are known. */
export const keyLoginNodes = (
  type: FlowType,
  options: JsonObject,
  label: typeof messages.signInWithKey | typeof messages.continueWithKey,
): readonly UiNode[] => {
  const value = JSON.stringify(options);
  return [
    trigger({
      type,
      group: WEBAUTHN,
      name: "webauthn_login_trigger",
      value,
      calls: "oryWebAuthnLogin",
      with: value,
      label: uiText(label),
    }),
    keyLoginAnswer,
  ];
};

/** Sign-in with a security key whose owner is not known yet. */
export const keyIdentifierNode = submitNode({
  group: WEBAUTHN,
  name: "method",
  value: WEBAUTHN,
  label: uiText(messages.signInWithKey),
});

/** Settings: a button for each passkey. */
export const passkeyRemovalNodes = (keys: readonly KeyFacts[], mustStay: (key: KeyFacts) => boolean) =>
  removals(PASSKEY, "passkey_remove", messages.removePasskey, keys, mustStay);

const byType = (make: (type: FlowType) => readonly UiNode[]): Readonly<Record<FlowType, readonly UiNode[]>> => ({
  browser: make("browser").map(freezeNode),
  api: make("api").map(freezeNode),
});

const passkeySettings = byType((type) => [
  trigger({
    type,
    group: PASSKEY,
    name: "passkey_register_trigger",
    value: "",
    calls: "oryPasskeySettingsRegistration",
    label: uiText(messages.addPasskey),
  }),
  hidden(PASSKEY, "passkey_settings_register"),
]);

const passkeyRegistration = byType((type) => [
  trigger({
    type,
    group: PASSKEY,
    name: "passkey_register_trigger",
    calls: "oryPasskeyRegistration",
    label: uiText(messages.signUpWithPasskey),
  }),
  hidden(PASSKEY, "passkey_register"),
]);

const passkeyLogin = byType((type) => [
  trigger({
    type,
    group: PASSKEY,
    name: "passkey_login_trigger",
    value: "",
    calls: "oryPasskeyLogin",
    label: uiText(messages.signInWithPasskey),
  }),
  inputNode({
    group: PASSKEY,
    name: "passkey_login",
    type: "hidden",
    onloadTrigger: "oryPasskeyLoginAutocompleteInit",
    onload: type === "browser" ? "window.oryPasskeyLoginAutocompleteInit()" : undefined,
  }),
]);

const data = (name: string, options: JsonObject): UiNode => hidden(PASSKEY, name, JSON.stringify(options));

/** Settings: what adds a passkey. */
export const passkeySettingsNodes = (type: FlowType, options: JsonObject): readonly UiNode[] => [
  ...passkeySettings[type],
  data("passkey_create_data", options),
];

/** Registration with a passkey. The script calls it by what stands in one of the fields. */
export const passkeyRegistrationNodes = (
  type: FlowType,
  options: JsonObject,
  displayNames: readonly string[],
): readonly UiNode[] => [
  ...passkeyRegistration[type],
  data("passkey_create_data", {
    credentialOptions: options,
    displayNameFieldName: displayNames[0] ?? "",
    displayNameFieldNames: [...displayNames],
  }),
];

/** Sign-in with a passkey. */
export const passkeyLoginNodes = (type: FlowType, options: JsonObject): readonly UiNode[] => [
  ...passkeyLogin[type],
  data("passkey_challenge", options),
];
