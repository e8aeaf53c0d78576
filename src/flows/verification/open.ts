import type {
  OpenLinkRequest,
  OpenLinkResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { createOpenLink } from "../challenge/open-link.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";
import { createLoad } from "./load.ts";

/** Opens the link of a message of a verification; see flows/challenge/open-link.ts. */
export const createOpen = (deps: VerificationDeps) => {
  const {
    sessions: { csrf },
    destinations: { urls },
    verification: { config, render },
  } = deps;
  const open = createOpenLink(deps, createLoad(deps));

  return async (request: OpenLinkRequest, call: Call): Promise<OpenLinkResponse> => {
    mustBeEnabled(config);
    const { flow, opened } = await open(request, call);
    return {
      $typeName: "ostiary.verification.v1.OpenLinkResponse",
      flow: render(flow, csrf.tokenFor(call, flow.type), opened),
      redirectBrowserTo: urls.page("verification", flow.id),
    };
  };
};
