import { RecoveryFlowSchema } from "../../../gen/ostiary/recovery/v1/flow_pb.ts";
import type { UpdateFlowBody, UpdateFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { createReject } from "../challenge/reject.ts";
import { createSubmitSteps, type Submitted as SubmittedBody } from "../challenge/submit-steps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formRejected } from "../shared/rejection.ts";
import { clientOf } from "./client-of.ts";
import { signedInAlready } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createReplace } from "./replace.ts";

/** What a submit brings. */
export type Submitted = SubmittedBody<UpdateFlowBody>;

/** The steps of a submit that verification takes likewise, and how it ends that changes nothing but the form. */
export type RecoveryLoad = ReturnType<typeof createLoad>;

/** Creates what loads a recovery flow and checks the request for it. */
export const createLoad = (deps: RecoveryDeps) => {
  const {
    sessions: { callers, csrf },
    destinations: { defaultReturnUrl, urls },
    challenge: { openedLinks },
    recovery: { render },
  } = deps;

  const clientIn = (flow: FlowRecord, call: Call): FlowRecord["type"] =>
    clientOf(flow, openedLinks.find(call, flow.id));

  const shown = (flow: FlowRecord, call: Call) =>
    render(flow, csrf.tokenFor(call, clientIn(flow, call)), { opened: openedLinks.find(call, flow.id) });

  /** The flow as it is, for a submit that has not brought the person back yet. */
  const rendered = (flow: FlowRecord, call: Call): UpdateFlowResponse => ({
    $typeName: "ostiary.recovery.v1.UpdateFlowResponse",
    flow: shown(flow, call),
    redirectBrowserTo: clientIn(flow, call) === "browser" ? urls.page("recovery", flow.id) : "",
  });

  const reject = createReject(deps, (saved, call) => {
    const page = clientIn(saved, call) === "browser" ? urls.page("recovery", saved.id) : undefined;
    return formRejected(RecoveryFlowSchema, shown(saved, call), saved, page);
  });

  const steps = createSubmitSteps<UpdateFlowBody, UpdateFlowResponse, "code" | "link">(deps, {
    ...createReplace(deps),
    kind: "recovery",
    completed: uiText(messages.recoveryCompleted),
    noMethod: uiText(messages.noRecoveryMethod),
    reject,
    clientOf: clientIn,
    shownAgain: () => undefined,
    rendered,
  });

  return {
    ...steps,
    clientOf: clientIn,
    rendered,

    /** @throws SESSION_ALREADY_AVAILABLE */
    mustBeSignedOut: async ({ call }: Submitted): Promise<void> => {
      if ((await callers.find(call)) !== undefined) throw signedInAlready(defaultReturnUrl);
    },
  };
};
