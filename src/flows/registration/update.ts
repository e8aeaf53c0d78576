import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { withConsume } from "../../methods/contract/authentication.ts";
import type { RegistrationCase, RegistrationMethod, RegistrationView } from "../../methods/contract/registration.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AuthenticationContext, FlowCompleted } from "../authentication/complete.ts";
import type { CompleteRedirect } from "../redirect/callback.ts";
import { sameEnd } from "../redirect/redirects.ts";
import { isExpired, replacedBy } from "../shared/expired.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { mustExist, mustNameFlow } from "../shared/request.ts";
import { checkOrigin } from "../shared/same-origin.ts";
import { registrationContext } from "./context.ts";
import { mustBeEnabled, newRegistrationFlow, signedInAlready } from "./create.ts";
import type { RegistrationServiceDeps } from "./deps.ts";

/** UpdateFlow, and the way back from elsewhere into the same steps. */
export interface RegistrationUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse>;
  readonly completeRedirect: CompleteRedirect;
}

/**
 * Submits a registration flow:
 *
 * load → not signed in → expiry → same origin → readable → method → enrol →
 * one transaction: identity, credentials, addresses, session → present.
 */
export const createUpdate = (deps: RegistrationServiceDeps): RegistrationUpdate => {
  const {
    db,
    callers,
    clock,
    config,
    csrf,
    defaultReturnUrl,
    redirect,
    flows,
    methods,
    returnTo,
    schemas,
    completeAuthentication,
    signUpSteps,
    urls,
  } = deps;

  const update: RegistrationUpdate["update"] = async (request, call) => {
    mustBeEnabled(config);
    mustNameFlow(request.flow);
    const authentication = await load(request.flow, call);
    const { flow } = authentication;

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    const view = viewOf(flow);
    if (foreign !== undefined) {
      const submitted =
        body.method.case &&
        (methods[body.method.case] as RegistrationMethod).submitted(body.method.value as never, view.schema);
      throw await signUpSteps.reject(
        authentication,
        rejected(
          [{ node: "", text: uiText(messages.invalid, { reason: foreign }) }],
          submitted ?? flow.form.submittedValues ?? undefined,
        ),
      );
    }
    const method = await pick(authentication, body.method.case);
    const register = async (standing: AuthenticationContext) => ({
      authentication: { ...standing, method: method.name },
      result: await method.register(body.method.value as never, viewOf(standing.flow), call),
    });
    const registered = await register(authentication);
    const { result } = registered;
    switch (result.kind) {
      case "next_step":
        throw await signUpSteps.continueRegistration(flow, call, result);
      case "redirect": {
        const location = await redirect.begin(
          { flow, method: method.name, who: undefined, call, stands: (tx) => mustStillBeOpen(tx, flow) },
          result,
        );
        if (typeof location !== "string") throw await signUpSteps.reject(authentication, location);
        return respond({ kind: "completed", continueWith: [], redirectBrowserTo: location });
      }
      default:
        return respond(
          await completeAuthentication(
            { ...registered, result },
            async () => register(await load(flow.id, call)),
            method.redirect !== undefined,
          ),
        );
    }
  };

  const completeRedirect: CompleteRedirect = async ({ flow, method, call, handleCallback, consume, fetches }) => {
    mustBeEnabled(config);
    const arrivalOf = (standing: AuthenticationContext): AuthenticationContext => ({ ...standing, method, fetches });
    const authentication = arrivalOf(await mustBeOpen(flow, call));
    const { redirect: back } = mustBeMethod(method);
    if (back === undefined) throw serviceError("METHOD_DISABLED");
    const callbackData = await handleCallback(back);
    if (callbackData.kind === "rejected") throw await signUpSteps.reject(authentication, callbackData);
    const complete = async (standing: AuthenticationContext) => ({
      authentication: standing,
      result: withConsume(await back.complete(callbackData.callbackData, viewOf(standing.flow), call), consume),
    });
    return completeAuthentication(
      await complete(authentication),
      async () => complete(arrivalOf(await load(flow.id, call))),
      true,
    );
  };

  const load = async (id: string, call: Call): Promise<AuthenticationContext> =>
    mustBeOpen(mustExist(await flows.find(db, "registration", id)), call);

  const mustStillBeOpen = async (tx: Sql, { id }: FlowRecord): Promise<void> => {
    if (!(await flows.lockOpen(tx, id, clock.now()))) throw mustExist(undefined);
  };

  /** Not expired, and not of someone who is signed in. */
  const mustBeOpen = async (flow: FlowRecord, call: Call): Promise<AuthenticationContext> => {
    if (await callers.find(call)) throw signedInAlready(returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(flow, call);
    return { flow, caller: undefined, method: "", call, fetches: false };
  };

  const viewOf = (flow: FlowRecord): RegistrationView => {
    const { schemaId, step } = registrationContext(flow);
    return {
      flow,
      schema: schemas.must(schemaId),
      submittedValues: flow.form.submittedValues,
      style: config.style,
      step,
    };
  };

  const pick = async (
    authentication: AuthenticationContext,
    name: RegistrationCase | undefined,
  ): Promise<RegistrationMethod> => {
    if (name === undefined)
      throw await signUpSteps.reject(
        authentication,
        again(authentication.flow, [{ node: "", text: uiText(messages.noRegistrationMethod) }]),
      );
    return mustBeMethod(name);
  };

  const mustBeMethod = (name: string): RegistrationMethod => {
    const method = (methods as Readonly<Record<string, RegistrationMethod | undefined>>)[name];
    if (!method?.enabled)
      throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const replace = async (flow: FlowRecord, call: Call): Promise<ServiceError> => {
    const text = uiText(messages.registrationExpired, {
      expired_at: flow.expiresAt.toISOString(),
      expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
    });
    const { schemaId } = registrationContext(flow);
    const form = formOf([{ node: "", text }]);
    const fresh = newRegistrationFlow(
      deps,
      flow.type,
      flow.requestUrl,
      { schemaId, step: "traits" },
      form,
      flow.csrfDigest,
      sameEnd(flow),
    );
    deps.newFlows.consumeOrThrow(call.remoteAddress);
    await flows.insert(db, fresh);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return { update, completeRedirect };
};

const respond = ({ kind: _, ...entered }: FlowCompleted): UpdateFlowResponse => ({
  $typeName: "ostiary.registration.v1.UpdateFlowResponse",
  ...entered,
});

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected =>
  rejected(wrong, flow.form.submittedValues ?? undefined);

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.registration.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
};
