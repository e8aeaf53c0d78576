import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type {
  CreateFlowRequest,
  CreateFlowResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { type FlowRecord, keepReturnTo } from "../shared/flow.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import type { VerificationDeps } from "./deps.ts";

/** Creates a verification flow. Whoever knows an address may begin one, signed in or not. */
export const createCreate = (deps: VerificationDeps) => {
  const { config, csrf, devices, newFlows, render, returnTo, urls } = deps;

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
      context: keepReturnTo(allowed),
    });
    await beginFlow(deps, flow, call);
    return {
      $typeName: "ostiary.verification.v1.CreateFlowResponse",
      flow: render(flow, csrf.tokenFor(call, type)),
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** @throws FLOW_DISABLED */
export const mustBeEnabled = ({ enabled }: VerificationDeps["config"]): void => {
  if (!enabled) throw serviceError("FLOW_DISABLED", { explain: "Verification is switched off by the configuration." });
};

/** A fresh verification flow, not written yet. */
export const newVerificationFlow = (
  { clock, config }: Pick<VerificationDeps, "clock" | "config">,
  parts: Pick<FlowRecord, "type" | "requestUrl" | "csrfDigest" | "context">,
): FlowRecord => ({
  ...newFlow({ kind: "verification", state: "choose_method", ...parts }, { clock, lifespan: config.lifespan }),
  active: config.use,
});
