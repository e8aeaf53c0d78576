import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { isOperatorMade } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";

/**
 * Reads a recovery flow: for the browser that created it or opened its link, or whoever knows the id of a native app's.
 */
export const createGet = ({
  storage: { clock, db, flows },
  sessions: { csrf },
  destinations: { urls },
  challenge: { openedLinks },
  recovery: { config, render },
}: RecoveryDeps) => {
  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    mustBeEnabled(config);
    csrf.ensure(call);
    const flow = mustExist(await flows.find(db, "recovery", request.id));
    const opened = openedLinks.find(call, flow.id);
    if (flow.type === "browser" && opened === undefined && !isOperatorMade(flow))
      csrf.mustBeCreator(call, flow.csrfDigest);
    mustNotBeExpired(flow, clock.now(), urls);
    // Where a link was opened, a browser submits the form, whoever began the flow.
    const token = csrf.tokenFor(call, opened === undefined ? flow.type : "browser");
    return { $typeName: "ostiary.recovery.v1.GetFlowResponse", flow: render(flow, token, { opened }) };
  };
};
