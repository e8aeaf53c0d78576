import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { requireSameBrowser } from "../shared/same-origin.ts";
import { mustBeEnabled } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";

/** Reads a registration flow: for the browser that created it, or whoever knows the id of a native app's. */
export const createGet = ({
  storage: { db, clock, flows },
  sessions: { csrf },
  destinations: { urls },
  registration: { config, render },
}: RegistrationDeps) => {
  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    csrf.ensure(call);
    mustBeEnabled(config);
    const flow = mustExist(await flows.find(db, "registration", request.id));
    requireSameBrowser(csrf, call, flow);
    mustNotBeExpired(flow, clock.now(), urls);
    return { $typeName: "ostiary.registration.v1.GetFlowResponse", flow: render(flow, csrf.tokenFor(call, flow.type)) };
  };
};
