import { messages, uiText } from "../../ui/messages.ts";
import { anchorNode } from "../../ui/node.ts";
import type { ChallengeMethod } from "../contract/challenge.ts";
import { type CodeMethodDeps, createCodeMethod } from "./challenge-method.ts";
import { addressField, codeField, continueButton, hiddenMethod, resendButton } from "./nodes.ts";

/** Creates verification by one-time code. The order of its nodes is that of docs/compatibility.md, rule 27. */
export const createCodeVerification = (deps: CodeMethodDeps): ChallengeMethod<"code"> => ({
  ...createCodeMethod(deps),
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
          // Whoever has emptied it names it anew: there is nobody to send another one to.
          isAddressWrong || address === "" ? addressField(takesPhoneNumbers, address) : resendButton(address),
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
