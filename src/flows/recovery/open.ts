import type { OpenLinkRequest, OpenLinkResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired } from "../shared/expired.ts";
import { mustExist } from "../shared/request.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createReplace } from "./replace.ts";

/**
 * Opens the link of a message in whatever browser: the form shows what the link
 * brought. Nothing is compared, counted or used up, however often that happens.
 */
export const createOpen = (deps: RecoveryDeps) => {
  const {
    storage: { clock, db, flows },
    sessions: { csrf },
    destinations: { urls },
    challenge: { openedLinks },
    recovery: { config, render },
  } = deps;
  const { replace, replaceExpired } = createReplace(deps);

  return async (request: OpenLinkRequest, call: Call): Promise<OpenLinkResponse> => {
    mustBeEnabled(config);
    csrf.ensure(call);
    const flow = mustExist(await flows.find(db, "recovery", request.flow), "There is no recovery flow with this id.");
    if (isExpired(flow, clock.now())) throw await replaceExpired(flow, call);
    if (flow.state === "passed_challenge") throw await replace(flow, uiText(messages.recoveryCompleted), call);
    const secret = request.code === "" ? request.token : request.code;
    const isOpened = secret !== "";
    if (isOpened) openedLinks.remember(call, flow.id, secret, flow.expiresAt);
    const token = csrf.tokenFor(call, isOpened ? "browser" : flow.type);
    return {
      $typeName: "ostiary.recovery.v1.OpenLinkResponse",
      flow: render(flow, token, { opened: isOpened ? secret : undefined }),
      redirectBrowserTo: urls.page("recovery", flow.id),
    };
  };
};
