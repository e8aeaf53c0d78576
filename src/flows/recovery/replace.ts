import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { createReplaceFlow } from "../proof/replace.ts";
import { replacedBy } from "../shared/expired.ts";
import { type FlowRecord, keepReturnTo, returnToOf } from "../shared/flow.ts";
import { keepSkipSettings, skipsSettings } from "./context.ts";
import { newRecoveryFlow } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";

/** Writes a flow in the place of one that cannot be used any more, and gives the error that names it. */
export interface Replacement {
  replace(flow: FlowRecord, reason: UiText, call: Call): Promise<ServiceError>;
  replaceExpired(flow: FlowRecord, call: Call): Promise<ServiceError>;
  /** What a message has that came too late. */
  expired(flow: FlowRecord): UiText;
}

/** Creates it. */
export const createReplace = (deps: RecoveryDeps): Replacement => {
  const { urls, usesContinueWith } = deps;
  const write = createReplaceFlow(
    deps,
    (old, csrfDigest) =>
      newRecoveryFlow(deps, {
        type: old.type,
        requestUrl: old.requestUrl,
        csrfDigest,
        context: { ...keepReturnTo(returnToOf(old)), ...keepSkipSettings(skipsSettings(old)) },
      }),
    (fresh) => {
      const url = urls.pageOf(fresh);
      return usesContinueWith
        ? { continue_with: [{ action: "show_recovery_ui", flow: { id: fresh.id, ...(url && { url }) } }] }
        : undefined;
    },
  );
  const expired = ({ expiresAt }: FlowRecord): UiText =>
    uiText(messages.recoveryExpired, {
      expired_at: expiresAt.toISOString(),
      expired_at_unix: Math.floor(expiresAt.getTime() / 1000),
    });
  return {
    expired,
    replace: async (flow, reason, call) => (await write(flow, reason, call)).error,
    replaceExpired: async (flow, call) => {
      const { fresh } = await write(flow, expired(flow), call);
      return replacedBy(flow, fresh, deps.clock.now(), deps.urls);
    },
  };
};
