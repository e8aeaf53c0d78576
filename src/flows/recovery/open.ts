import type { OpenLinkRequest, OpenLinkResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { createOpenLink } from "../challenge/open-link.ts";
import { clientOf } from "./client-of.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createLoad } from "./load.ts";

/** Opens the link of a message of a recovery; see flows/challenge/open-link.ts. */
export const createOpen = (deps: RecoveryDeps) => {
  const {
    sessions: { csrf },
    destinations: { urls },
    recovery: { config, render },
  } = deps;
  const open = createOpenLink(deps, createLoad(deps));

  return async (request: OpenLinkRequest, call: Call): Promise<OpenLinkResponse> => {
    mustBeEnabled(config);
    const { flow, opened } = await open(request, call);
    return {
      $typeName: "ostiary.recovery.v1.OpenLinkResponse",
      flow: render(flow, csrf.tokenFor(call, clientOf(flow, opened)), { opened }),
      redirectBrowserTo: urls.page("recovery", flow.id),
    };
  };
};
