import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type {
  CreateFlowRequest,
  CreateFlowResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { type FlowRecord, returnToContext } from "../shared/flow.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import type { VerificationDeps, VerificationParts } from "./deps.ts";

/** Creates a verification flow. Whoever knows an address may begin one, signed in or not. */
export const createCreate = (deps: VerificationDeps) => {
  const {
    storage: { newFlows },
    sessions: { csrf, devices },
    destinations: { returnTo, urls },
    verification: { config, render },
  } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    mustBeEnabled(config);
    const type = request.type === FlowType.BROWSER ? "browser" : "api";
    const secret = type === "browser" ? csrf.ensure(call) : undefined;
    const allowed = returnTo.mustShow(request.returnTo);
    const requestUrl = requestUrlOf(call, urls.init("verification", type, { return_to: allowed }));
    newFlows.consumeOrThrow(call.remoteAddress, devices.nameOf(call));
    const flow = newVerificationFlow(deps, {
      type,
      requestUrl,
      csrfDigest: secret && csrf.digest(secret),
      context: returnToContext(allowed),
    });
    await beginFlow(deps, deps.verification.hooks, flow, call);
    return {
      $typeName: "ostiary.verification.v1.CreateFlowResponse",
      flow: render(flow, csrf.tokenFor(call, type)),
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** Refuses verification where the configuration disables it. @throws FLOW_DISABLED */
export const mustBeEnabled = ({ enabled }: VerificationParts["config"]): void => {
  if (!enabled) throw serviceError("FLOW_DISABLED", { explain: "Verification is switched off by the configuration." });
};

/** A fresh verification flow, not written yet. */
export const newVerificationFlow = (
  {
    storage: { clock },
    verification: { config },
  }: Pick<VerificationDeps, "storage"> & { readonly verification: Pick<VerificationParts, "config"> },
  parts: Pick<FlowRecord, "type" | "requestUrl" | "csrfDigest" | "context">,
): FlowRecord => ({
  ...newFlow({ kind: "verification", state: "choose_method", ...parts }, { clock, lifespan: config.lifespan }),
  active: config.use,
});
