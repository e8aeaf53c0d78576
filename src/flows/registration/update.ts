import { RegistrationFlowSchema } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import type { UpdateFlowBody, UpdateFlowRequest, UpdateFlowResponse } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { fail, type ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type NextStep, type RegistrationCase, type RegistrationMethod, type RegistrationView, type Rejected, rejected } from "../../methods/method.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired, replacedBy } from "../expired.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { formOf, withForm } from "../form.ts";
import { formRejected } from "../rejection.ts";
import { mustExist, mustNameFlow } from "../request.ts";
import { checkOrigin } from "../same-origin.ts";
import { registrationContext } from "./context.ts";
import { mustBeEnabled, newRegistrationFlow, signedInAlready } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";
import { createSignUp } from "./sign-up.ts";

/**
 * Submits a registration flow:
 *
 * load → not signed in → expiry → same origin → readable → method → enrol →
 * one transaction: identity, credentials, addresses, session → present.
 */
export const createUpdate = (deps: RegistrationDeps) => {
  const { db, callers, clock, config, csrf, defaultReturnUrl, flows, methods, present, returnTo, schemas, urls } = deps;
  const signUp = createSignUp(deps);

  const update = async (request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse> => {
    mustBeEnabled(config);
    mustNameFlow(request.flow);
    const flow = mustExist(await flows.find(db, "registration", request.flow));
    if (await callers.find(call)) throw signedInAlready(returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(flow);

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    const { schemaId, step } = registrationContext(flow);
    if (foreign !== undefined) {
      const typed = body.method.case && (methods[body.method.case] as RegistrationMethod).typed(body.method.value as never, schemas.must(schemaId));
      throw await reject(flow, call, rejected([{ node: "", text: uiText(messages.invalid, { reason: foreign }) }], typed ?? flow.form.shown ?? undefined));
    }
    const method = await pick(flow, call, body.method.case);
    const view: RegistrationView = { flow, schema: schemas.must(schemaId), shown: flow.form.shown, style: config.style, step };
    const result = await method.enrol(body.method.value as never, view, call);
    switch (result.kind) {
      case "rejected":
        throw await reject(flow, call, result);
      case "step":
        throw await goOn(flow, call, result);
      case "redirect":
        return { $typeName: "ostiary.registration.v1.UpdateFlowResponse", continueWith: [], redirectBrowserTo: result.location };
      case "enrolled": {
        const signedUp = await signUp(flow, view.schema, method.name, result, call);
        if (signedUp.kind === "done") return signedUp.response;
        throw await reject(flow, call, rejected([{ node: "", text: uiText(messages.identifierTaken) }], result.shown));
      }
    }
  };

  const pick = async (flow: FlowRecord, call: Call, name: RegistrationCase | undefined): Promise<RegistrationMethod> => {
    if (name === undefined) throw await reject(flow, call, again(flow, [{ node: "", text: uiText(messages.noRegistrationMethod) }]));
    const method = methods[name] as RegistrationMethod;
    if (!method.enabled) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const reject = (flow: FlowRecord, call: Call, { messages: wrong, shown, active }: Rejected): Promise<ServiceError> =>
    showAgain(withForm(flow, formOf(wrong, shown), clock.now(), flow.state, active), call);

  /** The next step of the same form travels as the reference sends it: like a form that does not hold yet. */
  const goOn = (flow: FlowRecord, call: Call, { context, shown, messages: texts }: NextStep): Promise<ServiceError> =>
    showAgain({ ...withForm(flow, formOf(texts, shown), clock.now()), context: { ...flow.context, ...context } }, call);

  const showAgain = async (saved: FlowRecord, call: Call): Promise<ServiceError> => {
    await flows.save(db, saved);
    return formRejected(RegistrationFlowSchema, present(saved, csrf.tokenFor(call, saved.type)), saved, urls.pageOf(saved));
  };

  const replace = async (flow: FlowRecord): Promise<ServiceError> => {
    const text = uiText(messages.registrationExpired, {
      expired_at: flow.expiresAt.toISOString(),
      expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
    });
    const { schemaId } = registrationContext(flow);
    const fresh = newRegistrationFlow(deps, flow.type, flow.requestUrl, { schemaId, step: "traits" }, formOf([{ node: "", text }]), flow.csrfDigest);
    await flows.insert(db, fresh);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return update;
};

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected => rejected(wrong, flow.form.shown ?? undefined);

const noBody: UpdateFlowBody = { $typeName: "ostiary.registration.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
