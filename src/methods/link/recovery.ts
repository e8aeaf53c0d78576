import { messages, uiText } from "../../ui/messages.ts";
import type { RecoveryMethod } from "../contract/recovery.ts";
import { createLinkProof, type LinkProofDeps, linkFields } from "./proof.ts";

/** Creates recovery by link. */
export const createLinkRecovery = (deps: LinkProofDeps): RecoveryMethod<"link"> => ({
  ...createLinkProof(deps),
  nodes: (view, csrf) => [...csrf, ...linkFields(view)],
  sent: () => uiText(messages.recoveryLinkSent),
  wrong: uiText(messages.recoveryLinkInvalid),
  amr: { method: "link_recovery", aal: "aal1" },
});
