import { messages, uiText } from "../../ui/messages.ts";
import { anchorNode } from "../../ui/node.ts";
import type { ChallengeMethod } from "../contract/challenge.ts";
import { createLinkMethod, type LinkMethodDeps, linkFields } from "./challenge-method.ts";

/** Creates verification by link. */
export const createLinkVerification = (deps: LinkMethodDeps): ChallengeMethod<"link"> => ({
  ...createLinkMethod(deps),
  nodes: (view, csrf) =>
    view.step === "done"
      ? [
          ...csrf,
          anchorNode({ group: "link", id: "continue", href: view.continueUrl, title: uiText(messages.continue) }),
        ]
      : [...linkFields(view), ...csrf],
  sent: () => uiText(messages.verificationLinkSent),
  wrong: uiText(messages.verificationLinkInvalid),
});
