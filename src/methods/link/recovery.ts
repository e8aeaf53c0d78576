import { messages, uiText } from "../../ui/messages.ts";
import type { RecoveryMethod } from "../contract/recovery.ts";
import { createLinkMethod, type LinkMethodDeps, linkFields } from "./challenge-method.ts";

/** Creates recovery by link. */
export const createLinkRecovery = (deps: LinkMethodDeps): RecoveryMethod<"link"> => ({
  ...createLinkMethod(deps),
  nodes: (view, csrf) => [...csrf, ...linkFields(view)],
  sent: () => uiText(messages.recoveryLinkSent),
  wrong: uiText(messages.recoveryLinkInvalid),
  amr: { method: "link_recovery", aal: "aal1" },
});
