import { messages, uiText } from "../../ui/messages.ts";
import { anchorNode } from "../../ui/node.ts";
import type { ProofMethod } from "../contract/proof.ts";
import { addressField, codeField, continueButton, hiddenMethod, resendButton } from "./nodes.ts";
import { type CodeProofDeps, createCodeProof } from "./proof.ts";

/** Creates verification by one-time code. The order of its nodes is that of docs/compatibility.md, rule 27. */
export const createCodeVerification = (deps: CodeProofDeps): ProofMethod<"code"> => ({
  ...createCodeProof(deps),
  nodes: (view, csrf) => {
    const { address, takesPhoneNumbers, isAddressWrong } = view;
    const typed = address === "" && !isAddressWrong ? undefined : address;
    switch (view.step) {
      case "address":
        return [addressField(takesPhoneNumbers, typed), continueButton, ...csrf];
      case "secret":
        return [
          hiddenMethod,
          codeField(uiText(messages.verificationCode), view.opened, false),
          continueButton,
          ...csrf,
          isAddressWrong ? addressField(takesPhoneNumbers, address) : resendButton(address),
        ];
      case "done":
        return [
          ...csrf,
          anchorNode({ group: "code", id: "continue", href: view.continueUrl, title: uiText(messages.continue) }),
        ];
    }
  },
  sent: (via) => uiText(via === "sms" ? messages.phoneCodeSent : messages.verificationCodeSent),
  wrong: uiText(messages.verificationCodeInvalid),
});
