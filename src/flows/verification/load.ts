import { VerificationFlowSchema } from "../../../gen/ostiary/verification/v1/flow_pb.ts";
import type {
  UpdateFlowBody,
  UpdateFlowResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { createReject } from "../challenge/reject.ts";
import { createSubmitSteps, type Submitted as SubmittedBody } from "../challenge/submit-steps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formRejected } from "../shared/rejection.ts";
import type { VerificationDeps } from "./deps.ts";
import { createReplace } from "./replace.ts";

/** What a submit brings. */
export type Submitted = SubmittedBody<UpdateFlowBody>;

/** Creates the steps of a submit that recovery takes likewise, and how it ends that changes nothing but the form. */
export const createLoad = (deps: VerificationDeps) => {
  const {
    sessions: { csrf },
    destinations: { urls },
    challenge: { openedLinks },
    verification: { render },
  } = deps;

  const rendered = (flow: FlowRecord, call: Call): UpdateFlowResponse => {
    const opened = openedLinks.find(call, flow.id);
    const isShown = flow.type === "browser" || opened !== undefined;
    return {
      $typeName: "ostiary.verification.v1.UpdateFlowResponse",
      flow: render(flow, csrf.tokenFor(call, flow.type), opened),
      redirectBrowserTo: isShown ? urls.page("verification", flow.id) : "",
    };
  };

  const reject = createReject(deps, (saved, call) =>
    formRejected(VerificationFlowSchema, render(saved, csrf.tokenFor(call, saved.type)), saved, urls.pageOf(saved)),
  );

  const steps = createSubmitSteps<UpdateFlowBody, UpdateFlowResponse, "code" | "link">(deps, {
    ...createReplace(deps),
    kind: "verification",
    completed: uiText(messages.verificationCompleted),
    noMethod: uiText(messages.noVerificationMethod),
    reject,
    clientOf: ({ type }) => type,
    shownAgain: ({ email }) => ({ email }),
    rendered,
  });

  return { ...steps, rendered };
};
