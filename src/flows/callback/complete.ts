import type { CompleteSignInRequest, CompleteSignInResponse } from "../../../gen/ostiary/oidc/v1/oidc_service_pb.ts";
import { fail } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { ElsewhereAnswer } from "../../methods/elsewhere.ts";
import { hasExchangeCode, type Trip } from "../elsewhere.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { formOf, withForm } from "../form.ts";
import { mustExist } from "../request.ts";
import { withQuery } from "../urls.ts";
import type { CallbackDeps } from "./deps.ts";

/**
 * Completes what a person was sent elsewhere for: find what the answer belongs
 * to → same browser → the flow's own end. A native app's flow does not end here,
 * where its session is not at hand: the answer waits, and the browser takes a
 * code for it back to the app.
 */
export const createComplete = ({ clock, db, defaultReturnUrl, elsewhere, finish, flows, receiving, returnTo }: CallbackDeps) => {
  /** Without a session nobody can tell whose doing this is: nothing of the person's is written. */
  const keepForApp = async (flow: FlowRecord, trip: Trip, answer: ElsewhereAnswer, call: Call): Promise<string> => {
    if (!hasExchangeCode(flow))
      throw fail("INVALID_FIELD", {
        field: "return_session_token_exchange_code",
        explain: "The app did not ask for an exchange code when it created its flow, so it could not fetch the answer.",
      });
    const destination = returnTo.must(returnToOf(flow)) ?? defaultReturnUrl;
    const method = receiving(flow.kind, trip.record.method);
    if (method === undefined) throw fail("METHOD_DISABLED");
    await elsewhere.take(trip);
    const received = await method.receive(trip.memory, answer, call);
    if (received.kind === "rejected") await flows.save(db, withForm(flow, formOf(received.messages, received.shown), clock.now()));
    return withQuery(destination, { code: await elsewhere.keep(trip, received.kind === "received" ? received.received : undefined) });
  };

  const complete = async (request: CompleteSignInRequest, call: Call): Promise<string> => {
    const trip = await elsewhere.find(request.state);
    const flow = mustExist(await flows.findAny(db, trip.record.flowId));
    const answer = answerOf(request);
    if (flow.type === "api") return keepForApp(flow, trip, answer, call);
    elsewhere.mustBeSameBrowser(trip, call);
    if (flow.kind === "settings") return (await finish.settings(trip, answer, call)).redirectBrowserTo;
    const entered = await finish[flow.kind]({
      flow,
      method: trip.record.method,
      call,
      receive: async (method) => {
        await elsewhere.take(trip);
        return method.receive(trip.memory, answer, call);
      },
    });
    return entered.redirectBrowserTo;
  };

  return async (request: CompleteSignInRequest, call: Call): Promise<CompleteSignInResponse> => ({
    $typeName: "ostiary.oidc.v1.CompleteSignInResponse",
    redirectBrowserTo: await complete(request, call),
  });
};

/** The answer by the names of its parameters; what was not sent is not there. */
const answerOf = ({ provider, state, code, error, errorDescription, iss, user }: CompleteSignInRequest): ElsewhereAnswer =>
  Object.fromEntries(Object.entries({ provider, state, code, error, error_description: errorDescription, iss, user }).filter(([, value]) => value !== ""));
