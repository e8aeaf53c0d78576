import type { CompleteSignInRequest, CompleteSignInResponse } from "../../../gen/ostiary/oidc/v1/oidc_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { CallbackParams } from "../../methods/contract/redirect.ts";
import { type FlowRecord, isRedirectKind, returnToOf } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { mustExist } from "../shared/request.ts";
import { withQuery } from "../shared/urls.ts";
import type { CallbackDeps } from "./deps.ts";
import { hasExchangeCode } from "./exchange-code.ts";
import type { PendingRedirect } from "./redirects.ts";

/**
 * Completes a redirect: find which one the callback belongs
 * to → same browser → the flow's own end. A native app's flow does not end here,
 * where its session is not at hand: the answer waits, and the browser takes a
 * code for it back to the app.
 */
export const createComplete = ({
  storage: { clock, db, flows },
  destinations: { defaultReturnUrl, returnTo },
  redirect,
  completeRedirect,
  callbackHandler,
}: CallbackDeps) => {
  /** Without a session nobody can tell whose doing this is: nothing of the person's is written. */
  const storeForApp = async (
    flow: FlowRecord,
    pending: PendingRedirect,
    answer: CallbackParams,
    call: Call,
  ): Promise<string> => {
    if (!hasExchangeCode(flow))
      throw serviceError("INVALID_FIELD", {
        field: "return_session_token_exchange_code",
        explain: "The app did not ask for an exchange code when it created its flow, so it could not fetch the result.",
      });
    const destination = returnTo.must(returnToOf(flow)) ?? defaultReturnUrl;
    const method = isRedirectKind(flow.kind) ? callbackHandler(flow.kind, pending.record.method) : undefined;
    if (method === undefined) throw serviceError("METHOD_DISABLED");
    const callbackData = await redirect.handleCallback(pending, method, answer, call);
    const now = clock.now();
    if (callbackData.kind === "rejected")
      mustExist(
        (await flows.save(db, withForm(flow, formOf(callbackData.messages, callbackData.submittedValues), now), now)) ||
          undefined,
      );
    const received = callbackData.kind === "callback" ? callbackData.callbackData : undefined;
    const store = () => redirect.storeResult(pending, received);
    return withQuery(destination, { code: await redirect.completing(pending, store, () => received !== undefined) });
  };

  const complete = async (request: CompleteSignInRequest, call: Call): Promise<string> => {
    const pending = await redirect.find(request.state);
    const flow = mustExist(await flows.findAt(db, pending.record.homeId, pending.record.flowId));
    const answer = answerOf(request);
    if (flow.type === "api") return storeForApp(flow, pending, answer, call);
    redirect.mustBeSameBrowser(pending, call);
    if (flow.kind === "settings") return (await completeRedirect.settings(pending, answer, call)).redirectBrowserTo;
    const { kind } = flow;
    if (!isRedirectKind(kind)) throw serviceError("METHOD_DISABLED");
    let isReceived = false;
    const end = () =>
      completeRedirect[kind]({
        flow,
        method: pending.record.method,
        call,
        consume: redirect.consumeOf(pending),
        transientPayload: pending.transientPayload,
        fetches: false,
        handleCallback: async (method) => {
          const callbackData = await redirect.handleCallback(pending, method, answer, call);
          isReceived = callbackData.kind === "callback";
          return callbackData;
        },
      });
    return (await redirect.completing(pending, end, () => isReceived)).redirectBrowserTo;
  };

  return async (request: CompleteSignInRequest, call: Call): Promise<CompleteSignInResponse> => ({
    $typeName: "ostiary.oidc.v1.CompleteSignInResponse",
    redirectBrowserTo: await complete(request, call),
  });
};

/** The answer by the names of its parameters; what was not sent is not there. */
const answerOf = ({
  provider,
  state,
  code,
  error,
  errorDescription,
  iss,
  user,
}: CompleteSignInRequest): CallbackParams =>
  Object.fromEntries(
    Object.entries({ provider, state, code, error, error_description: errorDescription, iss, user }).filter(
      ([, value]) => value !== "",
    ),
  );
