import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { createReadFlow } from "../challenge/read-flow.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";

/** Reads a verification flow; see flows/challenge/read-flow.ts. */
export const createGet = (deps: VerificationDeps) => {
  const { config, render } = deps.verification;
  const read = createReadFlow(deps, { kind: "verification", isForAnyBrowser: () => false });

  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    mustBeEnabled(config);
    const { flow, opened } = await read(request.id, call);
    return {
      $typeName: "ostiary.verification.v1.GetFlowResponse",
      flow: render(flow, deps.sessions.csrf.tokenFor(call, flow.type), opened),
    };
  };
};
