import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { inputNode, submitNode } from "../../ui/node.ts";
import type { AddressChoiceView } from "../contract/recovery.ts";
import { codeField, continueButton, hiddenMethod, resendButton } from "./nodes.ts";

/** The group of the method's elements. */
const group = "code";

const backButton = submitNode({ group, name: "screen", value: "previous", label: uiText(messages.recoveryBack) });

const hidden = (value: string): UiNode => inputNode({ group, name: "recovery_address", type: "hidden", value });

/** The form in which people choose among their addresses, step by step. */
export const choiceNodes = (view: AddressChoiceView, csrf: readonly UiNode[]): readonly UiNode[] => {
  const { choices, confirmed, named, via } = view;
  switch (view.step) {
    case "address":
      return [
        ...csrf,
        inputNode({
          group,
          name: "recovery_address",
          type: "text",
          required: true,
          label: uiText(messages.recoveryAddress),
        }),
        continueButton,
      ];
    case "choice":
      return [
        ...csrf,
        ...choices.map(([value, masked]) =>
          inputNode({
            group,
            name: "recovery_select_address",
            type: "submit",
            value,
            label: uiText(messages.maskedAddress, { masked_address: masked }),
          }),
        ),
        hiddenMethod,
        hidden(named),
      ];
    case "confirmation":
      return [
        ...csrf,
        inputNode({
          group,
          name: "recovery_confirm_address",
          type: via === "sms" ? "tel" : "email",
          required: true,
          label: uiText(via === "sms" ? messages.phoneNumber : messages.email),
        }),
        hidden(named),
        continueButton,
        hiddenMethod,
        backButton,
      ];
    case "code":
      return [
        ...csrf,
        codeField(uiText(messages.recoveryCode), view.opened, true),
        continueButton,
        hiddenMethod,
        resendButton(confirmed, "recovery_confirm_address"),
        hidden(named),
        backButton,
      ];
  }
};
