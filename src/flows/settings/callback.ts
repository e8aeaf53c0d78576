import type { UpdateFlowBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { CallbackParams, ExchangeCodes } from "../../methods/contract/redirect.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import type { SettingsRedirect } from "../../methods/contract/settings.ts";
import { isPrivileged } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { readMessage } from "../../ui/stored-message.ts";
import type { PendingRedirect } from "../redirect/redirects.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { Afterwards, type Tried } from "../shared/turns.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck, mustBeMethod } from "./load.ts";
import type { SettingsOutcome } from "./outcome.ts";
import { park, reauthenticationRequired } from "./park.ts";
import { reject, rejection } from "./reject.ts";
import { save } from "./save.ts";
import { type SettingsSubmission, viewOf } from "./submission.ts";

/** The ends of a change that was proven elsewhere. */
export interface SettingsCallback {
  /** A browser came back. The session must be the one that it left with, and still recent enough. */
  completeRedirect(trip: PendingRedirect, answer: CallbackParams, call: Call): Promise<SettingsOutcome>;
  /** An app brings the codes of an answer that waits for it. */
  complete(
    submission: SettingsSubmission,
    method: string,
    exchangeCodes: ExchangeCodes,
  ): Promise<Tried<SettingsOutcome>>;
}

/** Creates the ends: privileged → arrive → one transaction → present, as for any other change. */
export const createCallback = (deps: SettingsDeps): SettingsCallback => {
  const { clock, config, continuations, db, redirect, turns } = deps;
  const isRecent = ({ caller }: SettingsSubmission) =>
    isPrivileged(caller.session, config.privileged_session_max_age, clock.now());

  const completeRedirect: SettingsCallback["completeRedirect"] = async (trip, answer, call) => {
    const { record } = trip;
    const left = await turns.run(async (sql): Promise<Tried<SettingsSubmission>> => {
      const submission = await loadAndCheck(deps, record.flowId, call, sql);
      return { kind: "done", render: async () => submission };
    });
    if (!isOf(record, left))
      throw serviceError("IDENTITY_MISMATCH", {
        explain: "The answer belongs to another session. Start again with this one.",
      });
    const { method, back } = mustHandleCallback(deps, record.method);
    // The change is asked for again after signing in: what the provider said is not kept that long.
    const body = {
      ...emptyBody,
      method: { case: method.name, value: back.resubmit(trip.redirectState) },
    } as UpdateFlowBody;
    if (!isRecent(left)) throw await park(deps, left, body);
    const callbackData = await redirect.handleCallback(trip, back, answer, call);
    if (callbackData.kind === "rejected") throw await reject(deps, left, callbackData, callbackData.event);

    return redirect.completing(trip, () =>
      turns.run(async (sql) => {
        const submission = await loadAndCheck(deps, record.flowId, call, sql);
        if (!isRecent(submission)) throw new Afterwards(() => park(deps, submission, body));
        const result = await back.complete(callbackData.callbackData, viewOf(deps, submission), call);
        if (result.kind === "rejected") throw rejection(deps, submission, result, result.event);
        return save(deps, submission, method.name, { ...result, consume: redirect.claimOf(trip) });
      }),
    );
  };

  const complete: SettingsCallback["complete"] = async (submission, name, exchangeCodes) => {
    const { back } = mustHandleCallback(deps, name);
    const found = await redirect.fetch(
      submission.sql,
      exchangeCodes,
      async ({ flowId }): Promise<FlowRecord | undefined> =>
        flowId === submission.flow.id ? submission.flow : undefined,
    );
    if (found === undefined || !isOf(found.record, submission)) throw rejection(deps, submission, nothingWaits);
    // The codes stay good: the app brings them again once the person has signed in.
    if (!isRecent(submission)) throw reauthenticationRequired(deps, submission);
    const { callbackData, record } = found;
    if (callbackData === undefined)
      throw new Afterwards(async () => {
        await continuations.take(db, record);
        return reject(deps, submission, rejected(submission.flow.form.messages.map(readMessage)));
      });
    const result = await back.complete(callbackData, viewOf(deps, submission), submission.call);
    if (result.kind === "rejected") throw rejection(deps, submission, result, result.event);
    return save(deps, submission, name, { ...result, consume: (tx) => continuations.take(tx, record) });
  };

  return { completeRedirect, complete };
};

const isOf = (record: PendingRedirect["record"], { caller, flow }: SettingsSubmission): boolean =>
  record.flowId === flow.id && record.sessionId === caller.session.id && record.identityId === caller.identity.id;

const mustHandleCallback = (deps: SettingsDeps, name: string) => {
  const method = mustBeMethod(deps, name);
  const back: SettingsRedirect | undefined = method.redirect;
  if (back === undefined)
    throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
  return { method, back };
};

const nothingWaits: Rejected = rejected([
  {
    node: "",
    text: uiText(messages.invalid, {
      reason: "These codes do not belong together, were used already, or came too late. Please start again.",
    }),
  },
]);

const emptyBody: Omit<UpdateFlowBody, "method"> = { $typeName: "ostiary.settings.v1.UpdateFlowBody", csrfToken: "" };
