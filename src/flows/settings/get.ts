import type { GetFlowRequest, GetFlowResponse } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { mustNotBeExpired } from "../shared/expired.ts";
import { mustBeFound, mustBeOwn } from "./checks.ts";
import type { SettingsDeps } from "./deps.ts";

/** Reads a settings flow: one statement, where it is theirs. Checks in the order own, AAL, expiry. */
export const createGet = ({
  storage: { clock, db },
  sessions: { callers, csrf },
  destinations: { urls },
  settings: { config, reads, render },
}: SettingsDeps) => {
  return async (request: GetFlowRequest, call: Call): Promise<GetFlowResponse> => {
    csrf.ensure(call);
    const { credential, digest } = callers.mustHaveToken(call);
    const read = await reads.read(db, digest, request.id);
    const caller = callers.mustBeLive(read, credential);
    const flow = await mustBeFound(reads, db, read, request.id);
    mustBeOwn(flow, caller);
    callers.aal.mustReach(caller, config.required_aal, urls.page("settings", flow.id));
    mustNotBeExpired(flow, clock.now(), urls);
    return {
      $typeName: "ostiary.settings.v1.GetFlowResponse",
      flow: render(flow, caller, csrf.tokenFor(call, flow.type)),
      etag: String(caller.identity.version),
    };
  };
};
