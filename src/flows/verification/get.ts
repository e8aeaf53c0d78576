import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";

/**
 * Reads a verification flow: for the browser that created it or opened its link, or whoever knows the id of a native
 * app's.
 */
export const createGet = ({
  storage: { clock, db, flows },
  sessions: { csrf },
  destinations: { urls },
  challenge: { openedLinks },
  verification: { config, render },
}: VerificationDeps) => {
  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    mustBeEnabled(config);
    csrf.ensure(call);
    const flow = mustExist(await flows.find(db, "verification", request.id));
    const opened = openedLinks.find(call, flow.id);
    if (flow.type === "browser" && opened === undefined) csrf.mustBeCreator(call, flow.csrfDigest);
    mustNotBeExpired(flow, clock.now(), urls);
    return {
      $typeName: "ostiary.verification.v1.GetFlowResponse",
      flow: render(flow, csrf.tokenFor(call, flow.type), opened),
    };
  };
};
