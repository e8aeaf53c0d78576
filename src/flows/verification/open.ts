import type {
  OpenLinkRequest,
  OpenLinkResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";
import { createReplace } from "./replace.ts";

/**
 * Opens the link of a message in whatever browser: the form shows what the link
 * brought. Nothing is compared, counted or used up, however often that happens.
 */
export const createOpen = (deps: VerificationDeps) => {
  const {
    storage: { clock, db, flows },
    sessions: { csrf },
    destinations: { urls },
    challenge: { openedLinks },
    verification: { config, render },
  } = deps;
  const { replace, replaceExpired } = createReplace(deps);

  return async (request: OpenLinkRequest, call: Call): Promise<OpenLinkResponse> => {
    mustBeEnabled(config);
    csrf.ensure(call);
    const flow = mustExist(
      await flows.find(db, "verification", request.flow),
      "There is no verification flow with this id.",
    );
    if (isExpired(flow, clock.now())) throw await replaceExpired(flow, call);
    if (flow.state === "passed_challenge") throw await replace(flow, uiText(messages.verificationCompleted), call);
    const secret = request.code === "" ? request.token : request.code;
    if (secret !== "") openedLinks.remember(call, flow.id, secret, flow.expiresAt);
    return {
      $typeName: "ostiary.verification.v1.OpenLinkResponse",
      flow: render(flow, csrf.tokenFor(call, flow.type), secret === "" ? undefined : secret),
      redirectBrowserTo: urls.page("verification", flow.id),
    };
  };
};
