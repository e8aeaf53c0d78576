import type { UpdateFlowBody, UpdateFlowRequest, UpdateFlowResponse } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { fail, type ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type LoginCase, type LoginMethod, type LoginView, type Rejected, rejected, withClaim } from "../../methods/method.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { Arrival, Entered } from "../arriving.ts";
import { sameEnd } from "../elsewhere.ts";
import { isExpired, replacedBy } from "../expired.ts";
import type { Finish } from "../finish.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { formOf } from "../form.ts";
import { confirmationOf } from "../pending-link.ts";
import { mustExist, mustNameFlow } from "../request.ts";
import { checkOrigin } from "../same-origin.ts";
import { loginContext } from "./context.ts";
import { mustHaveReason, newLoginFlow } from "./create.ts";
import type { LoginServiceDeps } from "./deps.ts";

/** UpdateFlow, and the way back from elsewhere into the same steps. */
export interface LoginUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse>;
  readonly finish: Finish;
}

/**
 * Submits a login flow:
 *
 * load → not signed in without reason → expiry → same origin → readable →
 * method → prove → one transaction: session, hooks → present.
 */
export const createUpdate = (deps: LoginServiceDeps): LoginUpdate => {
  const { db, callers, clock, csrf, defaultReturnUrl, elsewhere, flows, methods, returnTo, schemas, settle, signingIn, urls } = deps;

  const update: LoginUpdate["update"] = async (request, call) => {
    mustNameFlow(request.flow);
    const flow = mustExist(await flows.find(db, "login", request.flow), "There is no login flow with this id.");
    const arrival = await mustBeOpen(flow, call);

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    if (foreign !== undefined) {
      const typed = body.method.case && (methods[body.method.case] as LoginMethod).typed(body.method.value as never);
      throw await signingIn.reject(
        arrival,
        rejected([{ node: "", text: uiText(messages.invalid, { reason: foreign }) }], typed ?? flow.form.shown ?? undefined),
      );
    }
    const method = await pick(arrival, body.method.case);
    const prove = () => method.prove(body.method.value as never, viewOf(arrival), call);
    const proven = await prove();
    if (proven.kind === "leave") {
      const location = await elsewhere.depart(flow, method.name, undefined, proven, call);
      if (typeof location !== "string") throw await signingIn.reject(arrival, location);
      return respond({ kind: "entered", continueWith: [], redirectBrowserTo: location });
    }
    return respond(await settle({ ...arrival, method: method.name }, proven, method.elsewhere && prove));
  };

  const finish: Finish = async ({ flow, method, call, receive, claim }) => {
    const arrival = { ...(await mustBeOpen(flow, call)), method, fetches: claim !== undefined };
    const { elsewhere: back } = mustBeMethod(method);
    if (back === undefined) throw fail("METHOD_DISABLED");
    const received = await receive(back);
    if (received.kind === "rejected") throw await signingIn.reject(arrival, received);
    const arrive = async () => withClaim(await back.arrive(received.received, viewOf(arrival), call), claim);
    return settle(arrival, await arrive(), arrive);
  };

  /** Not expired, and not of someone who is signed in and has no reason to do it again. */
  const mustBeOpen = async (flow: FlowRecord, call: Call): Promise<Arrival> => {
    const caller = await callers.find(call);
    if (caller) mustHaveReason(caller, loginContext(flow), returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(flow);
    return { flow, caller, method: "", call, fetches: false };
  };

  const viewOf = ({ flow, caller }: Arrival): LoginView => ({
    flow,
    schema: schemas.default,
    shown: flow.form.shown,
    signedIn: caller,
    confirms: confirmationOf(flow),
    ...loginContext(flow),
  });

  const pick = async (arrival: Arrival, name: LoginCase | undefined): Promise<LoginMethod> => {
    if (name === undefined) throw await signingIn.reject(arrival, again(arrival.flow, [{ node: "", text: uiText(messages.noLoginMethod) }]));
    return mustBeMethod(name);
  };

  const mustBeMethod = (name: string): LoginMethod => {
    const method = (methods as Readonly<Record<string, LoginMethod | undefined>>)[name];
    if (!method?.enabled) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const replace = async (flow: FlowRecord): Promise<ServiceError> => {
    const text = uiText(messages.loginExpired, { expired_at: flow.expiresAt.toISOString(), expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000) });
    const form = formOf([{ node: "", text }]);
    const fresh = newLoginFlow(deps, flow.type, flow.requestUrl, loginContext(flow), form, flow.csrfDigest, sameEnd(flow));
    await flows.insert(db, fresh);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return { update, finish };
};

const respond = ({ kind: _, ...entered }: Entered): UpdateFlowResponse => ({ $typeName: "ostiary.login.v1.UpdateFlowResponse", ...entered });

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected => rejected(wrong, flow.form.shown ?? undefined);

const noBody: UpdateFlowBody = { $typeName: "ostiary.login.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
