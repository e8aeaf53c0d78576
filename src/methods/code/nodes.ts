import type { UiNode, UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode } from "../../ui/node.ts";
import { CODE_DIGITS } from "./one-time-code.ts";

/** The group of the method's elements. */
const group = "code";

/** The method, for forms in which a button sends something else. */
export const hiddenMethod: UiNode = freezeNode(inputNode({ group, name: "method", type: "hidden", value: "code" }));

/** The button that sends what was typed. */
export const continueButton: UiNode = submitNode({
  group,
  name: "method",
  value: "code",
  label: uiText(messages.continue),
});

/** The field for an address, or where phones are written to, for one of either kind. */
export const addressField = (takesPhoneNumbers: boolean, value?: string): UiNode =>
  inputNode({
    group,
    name: "email",
    type: takesPhoneNumbers ? "text" : "email",
    value,
    required: true,
    label: uiText(takesPhoneNumbers ? messages.emailOrPhoneNumber : messages.email),
  });

/** The button that sends another code to the same address. */
export const resendButton = (address: string, name = "email"): UiNode =>
  inputNode({ group, name, type: "submit", value: address, label: uiText(messages.resendCode) });

/** The field for a code. */
export const codeField = (label: UiText, value: string | undefined, isRestricted: boolean): UiNode =>
  inputNode({
    group,
    name: "code",
    type: "text",
    value,
    required: true,
    autocomplete: "one-time-code",
    ...(isRestricted && { pattern: "[0-9]+", maxlength: CODE_DIGITS }),
    label,
  });
