import { messages, uiText } from "../../ui/messages.ts";
import type { RecoveryMethod } from "../contract/recovery.ts";
import { type CodeMethodDeps, createCodeMethod } from "./challenge-method.ts";
import { choiceNodes } from "./choice-nodes.ts";
import { addressField, codeField, continueButton, hiddenMethod, resendButton } from "./nodes.ts";

/** Creates recovery by one-time code. The order of its nodes is that of docs/compatibility.md, rule 27. */
export const createCodeRecovery = (deps: CodeMethodDeps): RecoveryMethod<"code"> => ({
  ...createCodeMethod(deps),
  nodes: (view, csrf) => {
    if (view.step === "address") return [...csrf, addressField(view.takesPhoneNumbers), continueButton];
    const code = codeField(uiText(messages.recoveryCode), view.opened, true);
    // A code that an operator made belongs to no address: there is nobody to send another one to.
    return view.address === ""
      ? [code, continueButton]
      : [...csrf, code, hiddenMethod, continueButton, resendButton(view.address)];
  },
  sent: () => uiText(messages.recoveryCodeSent),
  wrong: uiText(messages.recoveryCodeInvalid),
  amr: { method: "code_recovery", aal: "aal1" },
  choiceNodes,
});
