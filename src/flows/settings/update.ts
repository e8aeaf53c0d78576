import { fromJson } from "@bufbuild/protobuf";
import {
  type ResumeFlowRequest,
  type UpdateFlowBody,
  UpdateFlowBodySchema,
  type UpdateFlowRequest,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { ChangedIdentity } from "../../identity/conflict-retry.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { Call } from "../../lib/call.ts";
import { methodName } from "../../methods/contract/method-name.ts";
import { rejected } from "../../methods/contract/result.ts";
import type { Examined, SettingsChange, SettingsMethod } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { type Done, endWith, steps } from "../pipeline.ts";
import { checkOrigin } from "../shared/same-origin.ts";
import { readTransientPayload } from "../shared/transient-payload.ts";
import { approve } from "./approve.ts";
import type { SettingsCallback } from "./callback.ts";
import { mustBeOwn } from "./checks.ts";
import type { SettingsDeps } from "./deps.ts";
import { mustBeMethod, rejectIfExpired, requireAal } from "./load.ts";
import { renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { parkedFor } from "./park.ts";
import { createPerform } from "./perform.ts";
import { mustBePrivileged } from "./privileged.ts";
import { rejection } from "./reject.ts";
import { afterCommit, renderSaved, save } from "./save.ts";
import { loadSubmission, type SettingsSubmission, viewOf } from "./submission.ts";

/** UpdateFlow and ResumeFlow: two entrances into the same steps. */
export interface SettingsUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<SettingsOutcome>;
  resume(request: ResumeFlowRequest, call: Call): Promise<SettingsOutcome>;
}

/** What a submit brings. */
interface Submitted {
  readonly flowId: string;
  readonly body: UpdateFlowBody;
  readonly call: Call;
  readonly sql: Sql;
  readonly slow: SlowWork;
}

/** A submit whose method is known. */
type Picked = Submitted & SettingsSubmission & { readonly method: SettingsMethod };

/**
 * Creates the steps of a change: `flows/pipeline.ts` shows their order. When
 * another request came between, all of them are repeated.
 */
export const createUpdate = (deps: SettingsDeps, callback: SettingsCallback): SettingsUpdate => {
  const {
    storage: { continuations },
    sessions: { csrf },
    settings: { conflictRetry },
  } = deps;
  const perform = createPerform(deps);

  const loadFlow = async ({ body, call, flowId, sql }: Submitted) => ({
    ...(await loadSubmission(deps, flowId, call, sql)),
    transientPayload: readTransientPayload(body.transientPayload),
  });
  const requireOwner = ({ flow, caller }: SettingsSubmission) => mustBeOwn(flow, caller);

  const checkSubmitOrigin = (submission: Submitted & SettingsSubmission) => {
    const refused = checkOrigin(csrf, submission.call, submission.flow, submission.body.csrfToken);
    if (refused !== undefined) throw rejection(deps, submission, invalid(refused));
  };

  const rejectIfMalformed = (submission: SettingsSubmission) => {
    const { malformed } = submission.call;
    if (malformed !== undefined) throw rejection(deps, submission, invalid(malformed));
  };

  /** A resume without a parked change shows the flow as it is. */
  const openParkedChange = (submission: SettingsSubmission) => {
    const { parked } = submission;
    const payload =
      parked?.kind === "reauthentication"
        ? continuations.open(parked, parkedFor(submission, parked.method))
        : undefined;
    if (payload !== undefined) {
      const body = fromJson(UpdateFlowBodySchema, payload);
      return { body, transientPayload: readTransientPayload(body.transientPayload) };
    }
    return endWith<Done<SettingsOutcome>>({
      kind: "done",
      render: () => renderOutcome(deps, submission, { kind: "unchanged" }),
    });
  };

  /** A native app that brings exchange codes goes on where a browser's callback would. */
  const pickMethod = async (submission: Submitted & SettingsSubmission) => {
    const { body } = submission;
    if (body.method.case === undefined) throw rejection(deps, submission, noMethod);
    const method = mustBeMethod(deps, methodName(body.method.case), submission);
    const exchangeCodes = method.redirect?.exchangeCodes(body.method.value as never);
    if (exchangeCodes === undefined) return { method };
    return endWith(await callback.completeByCodes(submission, body, method.name, exchangeCodes));
  };

  const examine = (submission: Picked): { readonly view: SettingsChange; readonly examined: Examined<unknown> } => {
    const { body, method } = submission;
    const view = viewOf(deps, submission, body.updateMask?.paths);
    const examined = method.examine(body.method.value as never, view);
    if (examined.kind === "rejected") throw rejection(deps, submission, examined, examined.event);
    return { view, examined };
  };

  const requirePrivileged = (submission: Picked & { readonly examined: Examined<unknown> }) => {
    if (submission.examined.protected) mustBePrivileged(deps, submission, submission.method, submission.body);
  };

  const submit = steps<"settings submit", Submitted, SettingsOutcome, ChangedIdentity>("settings submit")
    .step("loadFlow", loadFlow)
    .check("requireOwner", requireOwner)
    .check("requireAal", (submission) => requireAal(deps, submission))
    .check("rejectIfExpired", (submission) => rejectIfExpired(deps, submission))
    .check("checkOrigin", checkSubmitOrigin)
    .check("rejectIfMalformed", rejectIfMalformed)
    .check("requireEtag", requireEtag)
    .step("pickMethod", pickMethod)
    .step("examine", examine)
    .check("requirePrivileged", requirePrivileged)
    .step("perform", (submission) => perform(submission, false))
    .step("runBeforePersistHooks", (submission) => approve(deps, submission, () => submission.body))
    .step("persist", (submission) => save(deps, submission, false))
    .step("afterCommit", (submission) => afterCommit(deps, submission))
    .last("render", (submission) => renderSaved(deps, submission));

  const resumeParked = steps<"settings resume", Submitted, SettingsOutcome, ChangedIdentity>("settings resume")
    .step("loadFlow", loadFlow)
    .check("requireOwner", requireOwner)
    .check("requireAal", (submission) => requireAal(deps, submission))
    .check("rejectIfExpired", (submission) => rejectIfExpired(deps, submission))
    .step("openParkedChange", openParkedChange)
    .check("requireEtag", requireEtag)
    .step("pickMethod", pickMethod)
    .step("examine", examine)
    .check("requirePrivileged", requirePrivileged)
    .step("perform", (submission) => perform(submission, true))
    .step("runBeforePersistHooks", (submission) => approve(deps, submission, () => submission.body))
    .step("persist", (submission) => save(deps, submission, true))
    .step("afterCommit", (submission) => afterCommit(deps, submission))
    .last("render", (submission) => renderSaved(deps, submission));

  return {
    update: ({ flow: flowId, body = noBody }, call) =>
      conflictRetry.run((tried) => submit({ ...tried, flowId, body, call })),
    resume: ({ flow: flowId }, call) =>
      conflictRetry.run((tried) => resumeParked({ ...tried, flowId, body: noBody, call })),
  };
};

/** @throws ETAG_MISMATCH */
const requireEtag = ({ body, caller }: Submitted & SettingsSubmission): void => {
  if (body.etag !== undefined && body.etag !== String(caller.identity.version))
    throw serviceError("ETAG_MISMATCH", {
      field: "etag",
      explain: "The account has changed since this etag was read.",
    });
};

const invalid = (reason: string) => rejected([{ node: "", text: uiText(messages.invalid, { reason }) }]);
const noMethod = rejected([{ node: "", text: uiText(messages.noSettingsMethod) }]);

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.settings.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
};
