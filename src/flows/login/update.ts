import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { UpdateFlowBody, UpdateFlowRequest, UpdateFlowResponse } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { fail, type ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type LoginCase, type LoginMethod, type Rejected, rejected } from "../../methods/method.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired, replacedBy } from "../expired.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { formOf, withForm } from "../form.ts";
import { formRejected } from "../rejection.ts";
import { mustExist, mustNameFlow } from "../request.ts";
import { checkOrigin } from "../same-origin.ts";
import { loginContext } from "./context.ts";
import { mustHaveReason, newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { createSignIn } from "./sign-in.ts";

/** One submit of a login flow. */
interface Attempt {
  readonly flow: FlowRecord;
  readonly caller: Caller | undefined;
  readonly call: Call;
}

/**
 * Submits a login flow:
 *
 * load → not signed in without reason → expiry → same origin → readable →
 * method → prove → one transaction: session, hooks → present.
 */
export const createUpdate = (deps: LoginDeps) => {
  const { db, callers, clock, csrf, defaultReturnUrl, flows, methods, present, returnTo, schemas, urls } = deps;
  const signIn = createSignIn(deps);

  const update = async (request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse> => {
    mustNameFlow(request.flow);
    const flow = mustExist(await flows.find(db, "login", request.flow), "There is no login flow with this id.");
    const caller = await callers.find(call);
    const attempt: Attempt = { flow, caller, call };
    const context = loginContext(flow);
    if (caller) mustHaveReason(caller, context, returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(attempt);

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    if (foreign !== undefined) {
      const typed = body.method.case && methods[body.method.case].typed(body.method.value);
      throw await reject(attempt, rejected([{ node: "", text: uiText(messages.invalid, { reason: foreign }) }], typed ?? flow.form.shown ?? undefined));
    }
    const method = await pick(attempt, body.method.case);
    const view = { flow, schema: schemas.default, shown: flow.form.shown, signedIn: caller, ...context };
    const result = await method.prove(body.method.value as never, view, call);
    switch (result.kind) {
      case "rejected":
        throw await reject(attempt, result);
      case "redirect":
        return { $typeName: "ostiary.login.v1.UpdateFlowResponse", continueWith: [], redirectBrowserTo: result.location };
      case "proven":
        return signIn(flow, caller, method.name, result, call);
    }
  };

  const pick = async (attempt: Attempt, name: LoginCase | undefined): Promise<LoginMethod> => {
    if (name === undefined) throw await reject(attempt, again(attempt.flow, [{ node: "", text: uiText(messages.noLoginMethod) }]));
    const method = methods[name] as LoginMethod;
    if (!method.enabled) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const reject = async ({ flow, caller, call }: Attempt, { messages: wrong, shown, active }: Rejected): Promise<ServiceError> => {
    const saved = withForm(flow, formOf(wrong, shown), clock.now(), flow.state, active);
    await flows.save(db, saved);
    return formRejected(LoginFlowSchema, present(saved, caller, csrf.tokenFor(call, flow.type)), saved, urls.pageOf(saved));
  };

  const replace = async ({ flow }: Attempt): Promise<ServiceError> => {
    const text = uiText(messages.loginExpired, { expired_at: flow.expiresAt.toISOString(), expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000) });
    const fresh = newLoginFlow(deps, flow.type, flow.requestUrl, loginContext(flow), formOf([{ node: "", text }]), flow.csrfDigest);
    await flows.insert(db, fresh);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return update;
};

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected => rejected(wrong, flow.form.shown ?? undefined);

const noBody: UpdateFlowBody = { $typeName: "ostiary.login.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
