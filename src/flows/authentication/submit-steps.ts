import type { Sql } from "../../db/sql.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { type AuthenticationResult, withConsume } from "../../methods/contract/authentication.ts";
import type { CallbackHandler, CallbackResult, RedirectRequest } from "../../methods/contract/redirect.ts";
import { type Rejected, rejected, type SubmittedValues } from "../../methods/contract/result.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { type Done, type Ended, endWith } from "../pipeline.ts";
import type { Callback } from "../redirect/callback.ts";
import type { Redirects } from "../redirect/redirects.ts";
import { alreadyConsumed } from "../shared/consume.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { checkOrigin, requireSameBrowser } from "../shared/same-origin.ts";
import type {
  ApprovedEnd,
  AuthenticationAttempt,
  AuthenticationContext,
  CompleteAuthentication,
  Repeatable,
  WrittenEnd,
} from "./complete.ts";

/** A submit of a login or registration flow, as far as it was loaded. */
export interface LoadedSubmission {
  readonly flow: FlowRecord;
  readonly caller: Caller | undefined;
  readonly call: Call;
  /** Another request came between, and the steps are repeated. */
  readonly isRetry: boolean;
}

/** What a callback brings into the steps. */
export interface Returned extends Omit<Callback, "handleCallback"> {
  /** Reads the provider's answer: once, however often the steps are repeated. */
  readonly read: Callback["handleCallback"];
  readonly isRetry: boolean;
}

/** A method whose callbacks lead into a flow whose views are of type V. */
export interface CallbackMethod<V> extends CallbackHandler {
  complete(callbackData: CallbackResult["callbackData"], view: V, call: Call): Promise<AuthenticationResult>;
}

/** The steps that a login and a registration take in the same way. */
export interface SubmitSteps {
  /** @throws CSRF_VIOLATION, or FORM_REJECTED with what was submitted */
  checkOrigin(submission: LoadedSubmission, token: string, submitted: () => SubmittedValues | undefined): Promise<void>;
  /** @throws CSRF_VIOLATION */
  requireSameBrowser(submission: LoadedSubmission): void;
  /** @throws FORM_REJECTED with what was submitted */
  rejectIfMalformed(submission: LoadedSubmission, submitted: () => SubmittedValues | undefined): Promise<void>;
  /** Ends the submit with a redirect to another site. Rendering it stores what the callback needs. */
  begin(context: AuthenticationContext, request: RedirectRequest, isRetry: boolean): Ended<Done<FlowCompleted>>;
  /** @throws FORM_REJECTED when the answer does not hold */
  handleCallback(
    submission: LoadedSubmission & Returned,
    method: CallbackHandler,
  ): Promise<{ readonly callback: CallbackResult }>;
  /** Reads a callback once, however often the steps are repeated. */
  completeRedirect(
    callback: Callback,
    attempt: (returned: Returned) => Promise<AuthenticationAttempt>,
  ): ReturnType<CompleteAuthentication["retry"]>;
}

/** Creates the steps. `mustStillBeOpen` looks, in a transaction, whether the flow is there and not over. */
export const createSubmitSteps = (
  { sessions: { csrf } }: Pick<FlowDeps, "sessions">,
  redirect: Redirects,
  { reject, retry }: CompleteAuthentication,
  mustStillBeOpen: (tx: Sql, flow: FlowRecord) => Promise<void>,
): SubmitSteps => {
  const refuse = (
    submission: LoadedSubmission,
    reason: string,
    submitted: SubmittedValues | undefined,
  ): Promise<ServiceError> =>
    reject(contextOf(submission, ""), showAgain(submission.flow, uiText(messages.invalid, { reason }), submitted));

  return {
    checkOrigin: async (submission, token, submitted) => {
      const reason = checkOrigin(csrf, submission.call, submission.flow, token);
      if (reason !== undefined) throw await refuse(submission, reason, submitted());
    },

    requireSameBrowser: ({ call, flow }) => requireSameBrowser(csrf, call, flow),

    rejectIfMalformed: async (submission, submitted) => {
      const { malformed } = submission.call;
      if (malformed !== undefined) throw await refuse(submission, malformed, submitted());
    },

    begin: (context, request, isRetry) => {
      const { flow } = context;
      const render = async (): Promise<FlowCompleted> => {
        if (isRetry) throw await reject(context, alreadyConsumed);
        const location = await redirect.begin(
          { ...context, who: undefined, recheck: (tx) => mustStillBeOpen(tx, flow) },
          request,
        );
        if (typeof location !== "string") throw await reject(context, location);
        return { kind: "completed", continueWith: [], redirectBrowserTo: location };
      };
      return endWith({ kind: "done", render });
    },

    handleCallback: async (submission, method) => {
      const callback = await submission.read(method);
      if (callback.kind === "rejected") throw await reject(contextOf(submission, submission.method), callback);
      return { callback };
    },

    completeRedirect: ({ handleCallback, ...callback }, attempt) => {
      let result: Promise<CallbackResult | Rejected> | undefined;
      const read: Callback["handleCallback"] = (method) => {
        result ??= handleCallback(method);
        return result;
      };
      return retry((isRetry) => attempt({ ...callback, read, isRetry }));
    },
  };
};

/** Who authenticates, and how. */
export const contextOf = (
  {
    flow,
    caller,
    call,
    fetches = false,
    transientPayload,
    trustsDevice = false,
  }: LoadedSubmission & Partial<Pick<AuthenticationContext, "fetches" | "transientPayload" | "trustsDevice">>,
  method: string,
): AuthenticationContext => ({ flow, caller, method, call, fetches, transientPayload, trustsDevice });

/** Says what is wrong, and shows what was submitted now or before. */
export const showAgain = (
  flow: FlowRecord,
  text: Parameters<typeof rejected>[0][number]["text"],
  submitted?: SubmittedValues,
): Rejected => rejected([{ node: "", text }], submitted ?? flow.form.submittedValues ?? undefined);

/** What reads the callbacks of a method. @throws METHOD_DISABLED for one that has none */
export const mustHandleCallback = <H extends CallbackHandler>({ redirect }: { readonly redirect?: H }): H => {
  if (redirect === undefined) throw serviceError("METHOD_DISABLED");
  return redirect;
};

/** What a method makes of a callback, used up with what is written for it. */
export const completeCallback = async <V>(
  method: CallbackMethod<V>,
  submission: LoadedSubmission & Returned & { readonly callback: CallbackResult },
  view: V,
): Promise<{ readonly context: AuthenticationContext; readonly result: AuthenticationResult }> => ({
  context: contextOf(submission, submission.method),
  result: withConsume(
    await method.complete(submission.callback.callbackData, view, submission.call),
    submission.consume,
  ),
});

/** Creates the step that writes how a sign-in or sign-up ends. */
export const createPersist =
  ({ persist }: CompleteAuthentication) =>
  async (
    submission: {
      readonly context: AuthenticationContext;
      readonly result: AuthenticationResult;
      readonly approved: ApprovedEnd;
    },
    findsOwner: boolean,
  ): Promise<{ readonly written: WrittenEnd } | Ended<Repeatable>> => {
    const { approved, context, result } = submission;
    const written = await persist(context, result, approved, findsOwner);
    return written.kind === "written" ? { written } : endWith(written);
  };
