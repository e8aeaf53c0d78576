import type { UpdateFlowBody, UpdateFlowRequest, UpdateFlowResponse } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { fail, type ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type RegistrationCase, type RegistrationMethod, type RegistrationView, type Rejected, rejected, withClaim } from "../../methods/method.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { Arrival, Entered } from "../arriving.ts";
import { sameEnd } from "../elsewhere.ts";
import { isExpired, replacedBy } from "../expired.ts";
import type { Finish } from "../finish.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { formOf } from "../form.ts";
import { mustExist, mustNameFlow } from "../request.ts";
import { checkOrigin } from "../same-origin.ts";
import { registrationContext } from "./context.ts";
import { mustBeEnabled, newRegistrationFlow, signedInAlready } from "./create.ts";
import type { RegistrationServiceDeps } from "./deps.ts";

/** UpdateFlow, and the way back from elsewhere into the same steps. */
export interface RegistrationUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse>;
  readonly finish: Finish;
}

/**
 * Submits a registration flow:
 *
 * load → not signed in → expiry → same origin → readable → method → enrol →
 * one transaction: identity, credentials, addresses, session → present.
 */
export const createUpdate = (deps: RegistrationServiceDeps): RegistrationUpdate => {
  const { db, callers, clock, config, csrf, defaultReturnUrl, elsewhere, flows, methods, returnTo, schemas, settle, signingUp, urls } = deps;

  const update: RegistrationUpdate["update"] = async (request, call) => {
    mustBeEnabled(config);
    mustNameFlow(request.flow);
    const flow = mustExist(await flows.find(db, "registration", request.flow));
    const arrival = await mustBeOpen(flow, call);

    const body = request.body ?? noBody;
    const foreign = checkOrigin(csrf, call, flow, body.csrfToken) ?? call.malformed;
    const view = viewOf(flow);
    if (foreign !== undefined) {
      const typed = body.method.case && (methods[body.method.case] as RegistrationMethod).typed(body.method.value as never, view.schema);
      throw await signingUp.reject(
        arrival,
        rejected([{ node: "", text: uiText(messages.invalid, { reason: foreign }) }], typed ?? flow.form.shown ?? undefined),
      );
    }
    const method = await pick(arrival, body.method.case);
    const enrol = () => method.enrol(body.method.value as never, view, call);
    const enrolled = await enrol();
    switch (enrolled.kind) {
      case "step":
        throw await signingUp.goOn(flow, call, enrolled);
      case "leave": {
        const location = await elsewhere.depart(flow, method.name, undefined, enrolled, call);
        if (typeof location !== "string") throw await signingUp.reject(arrival, location);
        return respond({ kind: "entered", continueWith: [], redirectBrowserTo: location });
      }
      default:
        return respond(await settle({ ...arrival, method: method.name }, enrolled, method.elsewhere && enrol));
    }
  };

  const finish: Finish = async ({ flow, method, call, receive, claim }) => {
    mustBeEnabled(config);
    const arrival = { ...(await mustBeOpen(flow, call)), method, fetches: claim !== undefined };
    const { elsewhere: back } = mustBeMethod(method);
    if (back === undefined) throw fail("METHOD_DISABLED");
    const received = await receive(back);
    if (received.kind === "rejected") throw await signingUp.reject(arrival, received);
    const arrive = async () => withClaim(await back.arrive(received.received, viewOf(flow), call), claim);
    return settle(arrival, await arrive(), arrive);
  };

  /** Not expired, and not of someone who is signed in. */
  const mustBeOpen = async (flow: FlowRecord, call: Call): Promise<Arrival> => {
    if (await callers.find(call)) throw signedInAlready(returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
    if (isExpired(flow, clock.now())) throw await replace(flow);
    return { flow, caller: undefined, method: "", call, fetches: false };
  };

  const viewOf = (flow: FlowRecord): RegistrationView => {
    const { schemaId, step } = registrationContext(flow);
    return { flow, schema: schemas.must(schemaId), shown: flow.form.shown, style: config.style, step };
  };

  const pick = async (arrival: Arrival, name: RegistrationCase | undefined): Promise<RegistrationMethod> => {
    if (name === undefined) throw await signingUp.reject(arrival, again(arrival.flow, [{ node: "", text: uiText(messages.noRegistrationMethod) }]));
    return mustBeMethod(name);
  };

  const mustBeMethod = (name: string): RegistrationMethod => {
    const method = (methods as Readonly<Record<string, RegistrationMethod | undefined>>)[name];
    if (!method?.enabled) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const replace = async (flow: FlowRecord): Promise<ServiceError> => {
    const text = uiText(messages.registrationExpired, {
      expired_at: flow.expiresAt.toISOString(),
      expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
    });
    const { schemaId } = registrationContext(flow);
    const form = formOf([{ node: "", text }]);
    const fresh = newRegistrationFlow(deps, flow.type, flow.requestUrl, { schemaId, step: "traits" }, form, flow.csrfDigest, sameEnd(flow));
    await flows.insert(db, fresh);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return { update, finish };
};

const respond = ({ kind: _, ...entered }: Entered): UpdateFlowResponse => ({ $typeName: "ostiary.registration.v1.UpdateFlowResponse", ...entered });

/** Says what is wrong and keeps what was typed before. */
const again = (flow: FlowRecord, wrong: Rejected["messages"]): Rejected => rejected(wrong, flow.form.shown ?? undefined);

const noBody: UpdateFlowBody = { $typeName: "ostiary.registration.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
