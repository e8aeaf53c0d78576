import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import { methodName } from "../../methods/contract/method-name.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { Repeatable } from "../authentication/complete.ts";
import {
  completeCallback,
  contextOf,
  createPersist,
  createSubmitSteps,
  type LoadedSubmission,
  mustHandleCallback,
  type Returned,
  showAgain,
} from "../authentication/submit-steps.ts";
import { steps } from "../pipeline.ts";
import type { CompleteRedirect } from "../redirect/callback.ts";
import { alreadyConsumed } from "../shared/consume.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { readTransientPayload } from "../shared/transient-payload.ts";
import { loginContext } from "./context.ts";
import { createLoad } from "./load.ts";
import type { LoginServiceDeps } from "./service-deps.ts";
import { viewOf } from "./view.ts";

/** UpdateFlow, and the callback from another site into the same steps. */
export interface LoginUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse>;
  readonly completeRedirect: CompleteRedirect;
}

/** What a submit brings. */
interface Submitted {
  readonly flowId: string;
  readonly body: UpdateFlowBody;
  readonly call: Call;
  readonly isRetry: boolean;
}

/** Creates the steps of a sign-in: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: LoginServiceDeps): LoginUpdate => {
  const {
    ends: { answerTime, completeAuthentication, signInSteps },
    login: { methods, redirect },
  } = deps;
  const { approve, reject, retry } = completeAuthentication;
  const persist = createPersist(completeAuthentication);
  const { findFlow, findCaller, rejectIfExpired, mustBeMethod, mustStillBeOpen } = createLoad(deps);
  const shared = createSubmitSteps(deps, redirect, completeAuthentication, mustStillBeOpen);

  const submitted =
    ({ method }: UpdateFlowBody) =>
    (): SubmittedValues | undefined =>
      method.case && (methods[methodName(method.case)] as LoginMethod).submitted(method.value as never);

  const pickMethod = async (submission: Submitted & LoadedSubmission) => {
    const { case: name } = submission.body.method;
    const method = name && mustBeMethod(methodName(name));
    if (method?.answers(loginContext(submission.flow).requestedAal)) return { method };
    throw await reject(contextOf(submission, ""), showAgain(submission.flow, uiText(messages.noLoginMethod)));
  };

  const perform = async (submission: Submitted & LoadedSubmission & { readonly method: LoginMethod }) => {
    const { body, call, isRetry, method } = submission;
    const context = contextOf(
      {
        ...submission,
        transientPayload: readTransientPayload(body.transientPayload),
        trustsDevice: body.trustDevice,
      },
      method.name,
    );
    const result = await method.authenticate(body.method.value as never, viewOf(deps.forms, submission), call);
    switch (result.kind) {
      case "next_step":
        if (isRetry) throw await reject(context, alreadyConsumed);
        throw await signInSteps.continueForm(context, result);
      case "redirect":
        return shared.begin(context, result, isRetry);
      default:
        return { context, result };
    }
  };

  const submit = steps<"login submit", Submitted, FlowCompleted, Repeatable>("login submit")
    .step("loadFlow", ({ flowId }) => findFlow(flowId))
    .step("findCaller", findCaller)
    .check("rejectIfExpired", rejectIfExpired)
    .check("checkOrigin", (submission) =>
      shared.checkOrigin(submission, submission.body.csrfToken, submitted(submission.body)),
    )
    .check("requireSameBrowser", shared.requireSameBrowser)
    .check("rejectIfMalformed", (submission) => shared.rejectIfMalformed(submission, submitted(submission.body)))
    .step("pickMethod", pickMethod)
    .step("perform", perform)
    .step("runBeforePersistHooks", async ({ context, result }) => ({ approved: await approve(context, result) }))
    .step("persist", (submission) => persist(submission, submission.method.redirect !== undefined))
    .step("afterCommit", async ({ written }) => ({ continueWith: await written.afterCommit() }))
    .last("render", ({ written, continueWith }) => written.render(continueWith));

  const complete = steps<"login callback", Returned, FlowCompleted, Repeatable>("login callback")
    // It was read just now, to find out which flow the callback belongs to.
    .step("loadFlow", ({ flow, isRetry }) => (isRetry ? findFlow(flow.id) : { flow }))
    .step("findCaller", findCaller)
    .check("rejectIfExpired", rejectIfExpired)
    .step("pickMethod", ({ method }) => ({ handler: mustHandleCallback(mustBeMethod(method)) }))
    .step("handleCallback", (submission) => shared.handleCallback(submission, submission.handler))
    .step("perform", (submission) => completeCallback(submission.handler, submission, viewOf(deps.forms, submission)))
    .step("runBeforePersistHooks", async ({ context, result }) => ({ approved: await approve(context, result) }))
    .step("persist", (submission) => persist(submission, true))
    .step("afterCommit", async ({ written }) => ({ continueWith: await written.afterCommit() }))
    .last("render", ({ written, continueWith }) => written.render(continueWith));

  return {
    update: async ({ flow: flowId, body = noBody }, call) => {
      const submitted = () => retry((isRetry) => submit({ flowId, body, call, isRetry }));
      return respond(await (looksSomebodyUp(body) ? answerTime.hold(call, submitted) : submitted()));
    },
    completeRedirect: (callback) => shared.completeRedirect(callback, complete),
  };
};

/** Whether a submit finds out who has an address, and says nothing about it: it takes as long for everybody. */
const looksSomebodyUp = ({ method }: UpdateFlowBody): boolean =>
  method.case === "code" || method.case === "identifierFirst";

const respond = ({ kind: _, ...completed }: FlowCompleted): UpdateFlowResponse => ({
  $typeName: "ostiary.login.v1.UpdateFlowResponse",
  ...completed,
});

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.login.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
  trustDevice: false,
};
