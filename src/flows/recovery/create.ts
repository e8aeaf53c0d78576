import type { CreateFlowRequest, CreateFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { type FlowRecord, returnToContext } from "../shared/flow.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import { skipSettingsContext } from "./context.ts";
import type { RecoveryDeps, RecoveryParts } from "./deps.ts";

/** Creates a recovery flow, for whoever is not signed in. */
export const createCreate = (deps: RecoveryDeps) => {
  const {
    storage: { newFlows },
    sessions: { callers, csrf, devices },
    destinations: { defaultReturnUrl, returnTo, urls },
    recovery: { config, render },
  } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    mustBeEnabled(config);
    const type = request.type === FlowType.BROWSER ? "browser" : "api";
    const secret = type === "browser" ? csrf.ensure(call) : undefined;
    if ((await callers.find(call)) !== undefined) throw signedInAlready(defaultReturnUrl);
    const allowed = returnTo.mustShow(request.returnTo);
    const requestUrl = requestUrlOf(
      call,
      urls.init("recovery", type, { return_to: allowed, skip_settings: request.skipSettings ? "true" : "" }),
    );
    newFlows.consumeOrThrow(call.remoteAddress, devices.nameOf(call));
    const flow = newRecoveryFlow(deps, {
      type,
      requestUrl,
      csrfDigest: secret && csrf.digest(secret),
      context: { ...returnToContext(allowed), ...skipSettingsContext(request.skipSettings) },
    });
    await beginFlow(deps, deps.recovery.hooks, flow, call);
    return {
      $typeName: "ostiary.recovery.v1.CreateFlowResponse",
      flow: render(flow, csrf.tokenFor(call, type)),
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** Refuses recovery where the configuration disables it. @throws FLOW_DISABLED */
export const mustBeEnabled = ({ enabled }: RecoveryParts["config"]): void => {
  if (!enabled) throw serviceError("FLOW_DISABLED", { explain: "Recovery is switched off by the configuration." });
};

/** Whoever is signed in has nothing to recover. */
export const signedInAlready = (location: string) =>
  serviceError("SESSION_ALREADY_AVAILABLE", {
    explain: "Signed in already: the settings are where a password is changed.",
    location,
  });

/** A fresh recovery flow, not written yet. */
export const newRecoveryFlow = (
  { storage: { clock }, recovery: { choosesAddress, config } }: Pick<RecoveryDeps, "storage" | "recovery">,
  parts: Pick<FlowRecord, "type" | "requestUrl" | "csrfDigest" | "context">,
): FlowRecord => {
  const state = choosesAddress && config.use === "code" ? "awaiting_address" : "choose_method";
  return {
    ...newFlow({ kind: "recovery", state, ...parts }, { clock, lifespan: config.lifespan }),
    active: config.use,
  };
};
