import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { createReadFlow } from "../challenge/read-flow.ts";
import { clientOf } from "./client-of.ts";
import { isOperatorMade } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";

/** Reads a recovery flow; see flows/challenge/read-flow.ts. One that an operator created is read in any browser. */
export const createGet = (deps: RecoveryDeps) => {
  const { config, render } = deps.recovery;
  const read = createReadFlow(deps, { kind: "recovery", isForAnyBrowser: isOperatorMade });

  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    mustBeEnabled(config);
    const { flow, opened } = await read(request.id, call);
    return {
      $typeName: "ostiary.recovery.v1.GetFlowResponse",
      flow: render(flow, deps.sessions.csrf.tokenFor(call, clientOf(flow, opened)), { opened }),
    };
  };
};
