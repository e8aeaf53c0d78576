import type { UiNode, UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode } from "../../ui/node.ts";
import { CODE } from "./credential.ts";

/**
 * Makes what a login or registration form shows once a code was sent, in this
 * order: the method as a hidden field, which goes along with each button; the
 * field of the code; the button that submits it; the one that asks for another.
 *
 * @param label of the field
 */
export const sentNodes = (label: UiText): readonly UiNode[] => [
  hiddenMethod,
  freezeNode(
    inputNode({
      group: CODE,
      name: "code",
      type: "text",
      required: true,
      pattern: "[0-9]+",
      maxlength: 6,
      autocomplete: "one-time-code",
      label,
    }),
  ),
  submit,
  resend,
];

const hiddenMethod = freezeNode(inputNode({ group: CODE, name: "method", type: "hidden", value: CODE }));
const submit = submitNode({ group: CODE, name: "method", value: CODE, label: uiText(messages.continue) });
const resend = submitNode({ group: CODE, name: "resend", value: CODE, label: uiText(messages.resendCode) });
