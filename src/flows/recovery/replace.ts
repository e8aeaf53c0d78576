import { messages, uiText } from "../../ui/messages.ts";
import { createReplacement, type Replacement } from "../challenge/replace.ts";
import { returnToContext, returnToOf } from "../shared/flow.ts";
import { skipSettingsContext, skipsSettings } from "./context.ts";
import { newRecoveryFlow } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";

/** Creates what replaces a recovery flow that cannot be used any more. */
export const createReplace = (deps: RecoveryDeps): Replacement =>
  createReplacement(deps, {
    hooks: deps.recovery.hooks,
    freshOf: (old, csrfDigest) =>
      newRecoveryFlow(deps, {
        type: old.type,
        requestUrl: old.requestUrl,
        csrfDigest,
        context: { ...returnToContext(returnToOf(old)), ...skipSettingsContext(skipsSettings(old)) },
      }),
    details: (fresh) => {
      const url = deps.destinations.urls.pageOf(fresh);
      return deps.recovery.usesContinueWith
        ? { continue_with: [{ action: "show_recovery_ui", flow: { id: fresh.id, ...(url && { url }) } }] }
        : undefined;
    },
    expiredText: (at) => uiText(messages.recoveryExpired, at),
  });
