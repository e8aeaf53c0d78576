import { messages, uiText } from "../../ui/messages.ts";
import { anchorNode } from "../../ui/node.ts";
import type { ProofMethod } from "../contract/proof.ts";
import { createLinkProof, type LinkProofDeps, linkFields } from "./proof.ts";

/** Creates verification by link. */
export const createLinkVerification = (deps: LinkProofDeps): ProofMethod<"link"> => ({
  ...createLinkProof(deps),
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
