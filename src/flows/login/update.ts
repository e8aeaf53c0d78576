import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { withConsume } from "../../methods/contract/authentication.ts";
import type { LoginCase, LoginMethod, LoginView } from "../../methods/contract/login.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AuthenticationContext, FlowCompleted } from "../authentication/complete.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import type { CompleteRedirect } from "../redirect/callback.ts";
import { sameEnd } from "../redirect/redirects.ts";
import { isExpired, replacedBy } from "../shared/expired.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { mustExist, mustNameFlow } from "../shared/request.ts";
import { checkOrigin } from "../shared/same-origin.ts";
import { loginContext } from "./context.ts";
import { mustHaveReason, newLoginFlow } from "./create.ts";
import type { LoginServiceDeps } from "./deps.ts";

/** UpdateFlow, and the way back from elsewhere into the same steps. */
export interface LoginUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse>;
  readonly completeRedirect: CompleteRedirect;
}

/**
 * Submits a login flow:
 *
 * load → not signed in without reason → expiry → same origin → readable →
 * method → prove → one transaction: session, hooks → present.
 */
export const createUpdate = (deps: LoginServiceDeps): LoginUpdate => {
  const {
    db,
    callers,
    clock,
    csrf,
    defaultReturnUrl,
    redirect,
    flows,
    methods,
    returnTo,
    schemas,
    completeAuthentication,
    signInSteps,
    urls,
  } = deps;

  const update: LoginUpdate["update"] = async (request, call) => {
    mustNameFlow(request.flow);
    const authentication = await load(request.flow, call);
    const { flow } = authentication;

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    if (foreign !== undefined) {
      const submitted =
        body.method.case && (methods[body.method.case] as LoginMethod).submitted(body.method.value as never);
      throw await signInSteps.reject(
        authentication,
        rejected(
          [{ node: "", text: uiText(messages.invalid, { reason: foreign }) }],
          submitted ?? flow.form.submittedValues ?? undefined,
        ),
      );
    }
    const method = await pick(authentication, body.method.case);
    const authenticate = async (standing: AuthenticationContext) => ({
      authentication: { ...standing, method: method.name },
      result: await method.authenticate(body.method.value as never, viewOf(standing), call),
    });
    const authenticated = await authenticate(authentication);
    if (authenticated.result.kind === "redirect") {
      const location = await redirect.begin(
        { flow, method: method.name, who: undefined, call, stands: (tx) => mustStillBeOpen(tx, flow) },
        authenticated.result,
      );
      if (typeof location !== "string") throw await signInSteps.reject(authentication, location);
      return respond({ kind: "completed", continueWith: [], redirectBrowserTo: location });
    }
    const again = async () => authenticate(await load(flow.id, call));
    return respond(
      await completeAuthentication(
        { ...authenticated, result: authenticated.result },
        again,
        method.redirect !== undefined,
      ),
    );
  };

  const completeRedirect: CompleteRedirect = async ({ flow, method, call, handleCallback, consume, fetches }) => {
    const arrivalOf = (standing: AuthenticationContext): AuthenticationContext => ({ ...standing, method, fetches });
    const authentication = arrivalOf(await mustBeOpen(flow, call));
    const { redirect: back } = mustBeMethod(method);
    if (back === undefined) throw serviceError("METHOD_DISABLED");
    const callbackData = await handleCallback(back);
    if (callbackData.kind === "rejected") throw await signInSteps.reject(authentication, callbackData);
    const complete = async (standing: AuthenticationContext) => ({
      authentication: standing,
      result: withConsume(await back.complete(callbackData.callbackData, viewOf(standing), call), consume),
    });
    return completeAuthentication(
      await complete(authentication),
      async () => complete(arrivalOf(await load(flow.id, call))),
      true,
    );
  };

  const load = async (id: string, call: Call): Promise<AuthenticationContext> =>
    mustBeOpen(mustExist(await flows.find(db, "login", id), "There is no login flow with this id."), call);

  const mustStillBeOpen = async (tx: Sql, { id }: FlowRecord): Promise<void> => {
    if (!(await flows.lockOpen(tx, id, clock.now()))) throw mustExist(undefined);
  };

  /** Not expired, and not of someone who is signed in and has no reason to do it again. */
  const mustBeOpen = async (flow: FlowRecord, call: Call): Promise<AuthenticationContext> => {
    const caller = await callers.find(call);
    if (caller) mustHaveReason(caller, loginContext(flow), returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(flow, call);
    return { flow, caller, method: "", call, fetches: false };
  };

  const viewOf = ({ flow, caller }: AuthenticationContext): LoginView => ({
    flow,
    schema: schemas.default,
    submittedValues: flow.form.submittedValues,
    signedIn: caller,
    accountLink: accountLinkOf(flow),
    ...loginContext(flow),
  });

  const pick = async (authentication: AuthenticationContext, name: LoginCase | undefined): Promise<LoginMethod> => {
    if (name === undefined)
      throw await signInSteps.reject(
        authentication,
        again(authentication.flow, [{ node: "", text: uiText(messages.noLoginMethod) }]),
      );
    return mustBeMethod(name);
  };

  const mustBeMethod = (name: string): LoginMethod => {
    const method = (methods as Readonly<Record<string, LoginMethod | undefined>>)[name];
    if (!method?.enabled)
      throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const replace = async (flow: FlowRecord, call: Call): Promise<ServiceError> => {
    const text = uiText(messages.loginExpired, {
      expired_at: flow.expiresAt.toISOString(),
      expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
    });
    const form = formOf([{ node: "", text }]);
    const fresh = newLoginFlow(
      deps,
      flow.type,
      flow.requestUrl,
      loginContext(flow),
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
  $typeName: "ostiary.login.v1.UpdateFlowResponse",
  ...entered,
});

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected =>
  rejected(wrong, flow.form.submittedValues ?? undefined);

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.login.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
};
