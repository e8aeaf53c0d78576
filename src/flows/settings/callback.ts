import type { JsonObject } from "@bufbuild/protobuf";
import type { UpdateFlowBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import { AfterRollback, type Attempted, type ChangedIdentity } from "../../identity/conflict-retry.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { Call } from "../../lib/call.ts";
import type {
  CallbackHandler,
  CallbackParams,
  CallbackResult,
  ExchangeCodes,
} from "../../methods/contract/redirect.ts";
import { type Consume, type Rejected, rejected } from "../../methods/contract/result.ts";
import type { SettingsRedirect } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { readMessage } from "../../ui/stored-message.ts";
import { steps } from "../pipeline.ts";
import type { PendingRedirect } from "../redirect/redirects.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { methodDisabled } from "../shared/must-be-method.ts";
import { approve } from "./approve.ts";
import { mustBeOwn } from "./checks.ts";
import type { SettingsDeps } from "./deps.ts";
import { mustBeMethod, rejectIfExpired, requireAal } from "./load.ts";
import type { SettingsOutcome } from "./outcome.ts";
import { changeNeedsReauthentication, isRecent } from "./park.ts";
import { mustBePrivileged, stepUpRequired } from "./privileged.ts";
import { reject, rejection } from "./reject.ts";
import { afterCommit, finish, renderSaved, save } from "./save.ts";
import { loadSubmission, type SettingsSubmission, viewOf } from "./submission.ts";

/** How a change ends that another site answers for. */
export interface SettingsCallback {
  /** A browser came back. The session must be the one that it left with, and still recent enough. */
  completeRedirect(pending: PendingRedirect, params: CallbackParams, call: Call): Promise<SettingsOutcome>;
  /** A native app brings the codes of a result that waits for it. */
  completeByCodes(
    submission: SettingsSubmission,
    body: UpdateFlowBody,
    method: string,
    exchangeCodes: ExchangeCodes,
  ): Promise<Attempted<SettingsOutcome>>;
}

/** What a callback brings. */
interface Returned {
  readonly pending: PendingRedirect;
  readonly call: Call;
  readonly sql: Sql;
  readonly slow: SlowWork;
  /** Reads the provider's answer: once, however often the steps are repeated. */
  readonly read: (method: CallbackHandler, sql: Sql) => Promise<CallbackResult | Rejected>;
}

/** Creates both ends: `flows/pipeline.ts` shows the steps of the first. */
export const createCallback = (deps: SettingsDeps): SettingsCallback => {
  const {
    storage: { continuations, db },
    settings: { conflictRetry, redirect },
  } = deps;

  const requireSameSession = (submission: Returned & SettingsSubmission) => {
    if (!isOf(submission.pending.record, submission))
      throw serviceError("IDENTITY_MISMATCH", {
        explain: "The provider's answer belongs to another session. Start again with this one.",
      });
  };

  /** The change is asked for again after signing in: what the provider said is not stored that long. */
  const requirePrivileged = (submission: Returned & SettingsSubmission & Picked) => {
    mustBePrivileged(deps, submission, submission.method, resubmitted(submission));
  };

  const handleCallback = async (submission: Returned & SettingsSubmission & Picked) => {
    const result = await submission.read(submission.method.redirect, submission.sql);
    if (result.kind === "rejected") throw rejection(deps, submission, result, result.event);
    return { callbackData: result.callbackData };
  };

  const perform = async (
    submission: SettingsSubmission & Picked & { readonly callbackData: JsonObject; readonly consume: Consume },
  ) => {
    const { call, callbackData, consume, method } = submission;
    const result = await method.redirect.complete(callbackData, viewOf(deps, submission), call);
    if (result.kind === "rejected") throw rejection(deps, submission, result, result.event);
    return { performed: { ...result, consume } };
  };

  const complete = steps<"settings callback", Returned, SettingsOutcome, ChangedIdentity>("settings callback")
    .step("loadFlow", async ({ pending, call, sql }) => ({
      ...(await loadSubmission(deps, pending.record.flowId, call, sql)),
      transientPayload: pending.transientPayload,
    }))
    .check("requireOwner", ({ flow, caller }) => mustBeOwn(flow, caller))
    .check("requireAal", (submission) => requireAal(deps, submission))
    .check("rejectIfExpired", (submission) => rejectIfExpired(deps, submission))
    .check("requireSameSession", requireSameSession)
    .step("pickMethod", (submission) => ({
      method: mustHandleCallback(deps, submission.pending.record.method, submission),
    }))
    .check("requirePrivileged", requirePrivileged)
    .step("handleCallback", handleCallback)
    .step("perform", (submission) => perform({ ...submission, consume: redirect.consumeOf(submission.pending) }))
    .step("runBeforePersistHooks", (submission) => approve(deps, submission, () => resubmitted(submission)))
    .step("persist", (submission) => save(deps, submission, false))
    .step("afterCommit", (submission) => afterCommit(deps, submission))
    .last("render", (submission) => renderSaved(deps, submission));

  return {
    completeRedirect: (pending, params, call) => {
      let result: Promise<CallbackResult | Rejected> | undefined;
      let isReceived = false;
      const read = async (method: CallbackHandler, sql: Sql) => {
        // Another request may have used the answer meanwhile: that is the error then.
        if (result !== undefined) await redirect.mustStillWait(sql, pending);
        result ??= redirect.handleCallback(pending, method, params, call);
        isReceived = (await result).kind === "callback";
        return result;
      };
      return redirect.completing(
        pending,
        () => conflictRetry.run((tried) => complete({ ...tried, pending, call, read })),
        () => isReceived,
      );
    },

    completeByCodes: async (submission, body, name, exchangeCodes) => {
      const method = mustHandleCallback(deps, name, submission);
      const found = await redirect.fetchResult(
        submission.sql,
        exchangeCodes,
        async ({ flowId }): Promise<FlowRecord | undefined> =>
          flowId === submission.flow.id ? submission.flow : undefined,
      );
      if (found === undefined || !isOf(found.record, submission)) throw rejection(deps, submission, noStoredResult);
      // The codes stay good: the app brings them again once the person has signed in.
      const stepUp = stepUpRequired(deps, submission);
      if (stepUp) throw stepUp;
      if (!isRecent(deps, submission)) throw changeNeedsReauthentication(deps, submission);
      const { callbackData, record, transientPayload } = found;
      if (callbackData === undefined)
        throw new AfterRollback(async () => {
          await continuations.consume(db, record);
          return reject(deps, submission, rejected(submission.flow.form.messages.map(readMessage)));
        });
      const consume: Consume = (tx) => continuations.consume(tx, record);
      const { performed } = await perform({ ...submission, method, callbackData, consume });
      return finish(deps, { ...submission, method, performed, transientPayload }, () => body);
    },
  };
};

const isOf = (record: PendingRedirect["record"], { caller, flow }: SettingsSubmission): boolean =>
  record.flowId === flow.id && record.sessionId === caller.session.id && record.identityId === caller.identity.id;

/** The submit that asks for the same link again. */
const resubmitted = ({ method, pending, transientPayload }: Returned & SettingsSubmission & Picked): UpdateFlowBody =>
  ({
    ...emptyBody,
    method: { case: method.name, value: method.redirect.resubmit(pending.redirectState) },
    ...(transientPayload && { transientPayload }),
  }) as UpdateFlowBody;

/** A method that answers callbacks. */
interface Picked {
  readonly method: { readonly name: string; readonly changesFactors: boolean; readonly redirect: SettingsRedirect };
}

/** @throws METHOD_DISABLED, AAL2_REQUIRED */
const mustHandleCallback = (deps: SettingsDeps, name: string, submission: SettingsSubmission): Picked["method"] => {
  const { changesFactors, redirect } = mustBeMethod(deps, name, submission);
  if (redirect === undefined) throw methodDisabled(name);
  return { name, changesFactors, redirect };
};

const noStoredResult: Rejected = rejected([
  {
    node: "",
    text: uiText(messages.invalid, {
      reason: "These codes do not belong together, were used already, or came too late. Please start again.",
    }),
  },
]);

const emptyBody: Omit<UpdateFlowBody, "method"> = { $typeName: "ostiary.settings.v1.UpdateFlowBody", csrfToken: "" };
