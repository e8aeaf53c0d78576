import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { RegistrationMethod } from "../../methods/contract/registration.ts";
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
import { mustBeEnabled } from "./create.ts";
import { createLoad } from "./load.ts";
import type { RegistrationServiceDeps } from "./service-deps.ts";
import { viewOf } from "./view.ts";

/** UpdateFlow, and the callback from another site into the same steps. */
export interface RegistrationUpdate {
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

/** Creates the steps of a sign-up: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: RegistrationServiceDeps): RegistrationUpdate => {
  const {
    ends: { completeAuthentication, signUpSteps },
    registration: { answerTime, config, methods, redirect },
  } = deps;
  const { approve, reject, retry } = completeAuthentication;
  const persist = createPersist(completeAuthentication);
  const { findFlow, findCaller, rejectIfExpired, mustBeMethod, mustStillBeOpen } = createLoad(deps);
  const shared = createSubmitSteps(deps, redirect, completeAuthentication, mustStillBeOpen);

  const submitted =
    ({ body: { method }, flow }: Submitted & LoadedSubmission) =>
    (): SubmittedValues | undefined =>
      method.case &&
      (methods[method.case] as RegistrationMethod).submitted(
        method.value as never,
        viewOf(deps.forms, config, { flow }).schema,
      );

  const pickMethod = async (submission: Submitted & LoadedSubmission) => {
    const { case: name } = submission.body.method;
    const method = name && mustBeMethod(name);
    if (method !== undefined && method.answers?.(config.style) !== false) return { method };
    throw await reject(contextOf(submission, ""), showAgain(submission.flow, uiText(messages.noRegistrationMethod)));
  };

  const perform = async (submission: Submitted & LoadedSubmission & { readonly method: RegistrationMethod }) => {
    const { body, call, isRetry, method } = submission;
    const context = contextOf(
      { ...submission, transientPayload: readTransientPayload(body.transientPayload) },
      method.name,
    );
    const result = await method.register(body.method.value as never, viewOf(deps.forms, config, submission), call);
    switch (result.kind) {
      case "next_step":
        if (isRetry) throw await reject(context, alreadyConsumed);
        throw await signUpSteps.continueForm(context, result);
      case "redirect":
        return shared.begin(context, result, isRetry);
      case "registered":
        return { context: { ...context, method: result.method ?? method.name }, result };
      default:
        return { context, result };
    }
  };

  const submit = steps<"registration submit", Submitted, FlowCompleted, Repeatable>("registration submit")
    .step("loadFlow", ({ flowId }) => findFlow(flowId))
    .step("findCaller", findCaller)
    .check("rejectIfExpired", rejectIfExpired)
    .check("checkOrigin", (submission) =>
      shared.checkOrigin(submission, submission.body.csrfToken, submitted(submission)),
    )
    .check("requireSameBrowser", shared.requireSameBrowser)
    .check("rejectIfMalformed", (submission) => shared.rejectIfMalformed(submission, submitted(submission)))
    .step("pickMethod", pickMethod)
    .step("perform", perform)
    .step("runBeforePersistHooks", async ({ context, result }) => ({ approved: await approve(context, result) }))
    .step("persist", (submission) => persist(submission, submission.method.redirect !== undefined))
    .step("afterCommit", async ({ written }) => ({ continueWith: await written.afterCommit() }))
    .last("render", ({ written, continueWith }) => written.render(continueWith));

  const complete = steps<"registration callback", Returned, FlowCompleted, Repeatable>("registration callback")
    // It was read just now, to find out which flow the callback belongs to.
    .step("loadFlow", ({ flow, isRetry }) => (isRetry ? findFlow(flow.id) : { flow }))
    .step("findCaller", findCaller)
    .check("rejectIfExpired", rejectIfExpired)
    .step("pickMethod", ({ method }) => ({ handler: mustHandleCallback(mustBeMethod(method)) }))
    .step("handleCallback", (submission) => shared.handleCallback(submission, submission.handler))
    .step("perform", (submission) =>
      completeCallback(submission.handler, submission, viewOf(deps.forms, config, submission)),
    )
    .step("runBeforePersistHooks", async ({ context, result }) => ({ approved: await approve(context, result) }))
    .step("persist", (submission) => persist(submission, true))
    .step("afterCommit", async ({ written }) => ({ continueWith: await written.afterCommit() }))
    .last("render", ({ written, continueWith }) => written.render(continueWith));

  return {
    update: async ({ flow: flowId, body = noBody }, call) => {
      mustBeEnabled(config);
      const submitted = () => retry((isRetry) => submit({ flowId, body, call, isRetry }));
      return respond(await (body.method.case === "code" ? answerTime.hold(call, submitted) : submitted()));
    },
    completeRedirect: async (callback) => {
      mustBeEnabled(config);
      return shared.completeRedirect(callback, complete);
    },
  };
};

const respond = ({ kind: _, ...completed }: FlowCompleted): UpdateFlowResponse => ({
  $typeName: "ostiary.registration.v1.UpdateFlowResponse",
  ...completed,
});

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.registration.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
};
