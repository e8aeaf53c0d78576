import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { type MessageRow, messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode } from "../../ui/node.ts";
import { PASSWORD } from "./credential.ts";

/** Creates the nodes with which a person chooses a password: the field, and the submit button with its label. */
export const newPasswordNodes = (submit: MessageRow<never>): readonly UiNode[] => [
  freezeNode(
    inputNode({
      group: PASSWORD,
      name: "password",
      type: "password",
      required: true,
      autocomplete: "new-password",
      label: uiText(messages.password),
    }),
  ),
  submitNode({ group: PASSWORD, name: "method", value: PASSWORD, label: uiText(submit) }),
];
