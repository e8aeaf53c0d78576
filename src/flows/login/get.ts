import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { requireSameBrowser } from "../shared/same-origin.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/** Reads a login flow: for the browser that created it, or whoever knows the id of a native app's. */
export const createGet = ({
  storage: { db, clock, flows },
  sessions: { callers, csrf },
  destinations: { urls },
  login: { render },
}: LoginDeps) => {
  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    csrf.ensure(call);
    const flow = mustExist(await flows.find(db, "login", request.id));
    requireSameBrowser(csrf, call, flow);
    mustNotBeExpired(flow, clock.now(), urls);
    const { refresh, requestedAal } = loginContext(flow);
    // Who is signed in shows only where the form is about them.
    const caller = refresh || requestedAal === 2 ? await callers.find(call) : undefined;
    return {
      $typeName: "ostiary.login.v1.GetFlowResponse",
      flow: render(flow, caller, csrf.tokenFor(call, flow.type)),
    };
  };
};
