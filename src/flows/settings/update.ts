import { fromJson } from "@bufbuild/protobuf";
import {
  type ResumeFlowRequest,
  type UpdateFlowBody,
  UpdateFlowBodySchema,
  type UpdateFlowRequest,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { RedirectRequest } from "../../methods/contract/redirect.ts";
import { rejected } from "../../methods/contract/result.ts";
import type { SettingsCase, SettingsMethod } from "../../methods/contract/settings.ts";
import { isPrivileged } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { checkOrigin } from "../shared/same-origin.ts";
import { Afterwards, type Tried } from "../shared/turns.ts";
import type { SettingsCallback } from "./callback.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck, mustBeMethod } from "./load.ts";
import { type Ended, renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { park, parkedFor, standFast } from "./park.ts";
import { reject, rejection } from "./reject.ts";
import { save } from "./save.ts";
import { type SettingsSubmission, viewOf } from "./submission.ts";

/** UpdateFlow and ResumeFlow: two ways into the same steps. */
export interface SettingsUpdate {
  update(request: UpdateFlowRequest, call: Call): Promise<SettingsOutcome>;
  resume(request: ResumeFlowRequest, call: Call): Promise<SettingsOutcome>;
}

/**
 * The heart of the settings flow. Every check that methods have in common
 * stands here once, in the order in which clients see it:
 *
 * load → own → AAL → expiry → same origin → readable → method → examine →
 * privileged, or parked → prepare → one transaction → present. When another
 * request came between, all of them are taken again, in turn.
 */
export const createUpdate = (deps: SettingsDeps, { complete }: SettingsCallback): SettingsUpdate => {
  const { clock, config, continuations, csrf, redirect, turns } = deps;

  const update: SettingsUpdate["update"] = (request, call) =>
    turns.run(async (sql) => {
      const submission = await loadAndCheck(deps, request.flow, call, sql);
      const body = request.body ?? noBody;
      const foreign = checkOrigin(csrf, call, submission.flow, body.csrfToken);
      if (foreign !== undefined) throw rejection(deps, submission, invalid(foreign));
      if (call.malformed !== undefined) throw rejection(deps, submission, invalid(call.malformed));
      mustMatchEtag(body.etag, submission);
      return change(submission, body, false);
    });

  const resume: SettingsUpdate["resume"] = (request, call) =>
    turns.run(async (sql) => {
      const submission = await loadAndCheck(deps, request.flow, call, sql);
      const body = openParked(submission);
      if (body === undefined) return ended(submission, { kind: "unchanged" });
      mustMatchEtag(body.etag, submission);
      return change(submission, body, true);
    });

  const ended = (submission: SettingsSubmission, how: Ended): Tried<SettingsOutcome> => ({
    kind: "done",
    render: () => renderOutcome(deps, submission, how),
  });

  const change = async (
    submission: SettingsSubmission,
    body: UpdateFlowBody,
    resumes: boolean,
  ): Promise<Tried<SettingsOutcome>> => {
    const { caller, call } = submission;
    const method = pick(submission, body.method.case);
    const exchangeCodes = method.redirect?.exchangeCodes(body.method.value as never);
    if (exchangeCodes) return complete(submission, method.name, exchangeCodes);
    const view = viewOf(deps, submission, body.updateMask?.paths);

    const examined = method.examine(body.method.value as never, view);
    if (examined.kind === "rejected") throw rejection(deps, submission, examined, examined.event);
    if (examined.protected && !isPrivileged(caller.session, config.privileged_session_max_age, clock.now()))
      throw new Afterwards(() => park(deps, submission, body));

    const performed = await method.perform(examined.examined, view, call);
    switch (performed.kind) {
      case "rejected":
        // Another request resumed it meanwhile: what it is found wanting against may be its own result.
        if (resumes && submission.parked && !(await continuations.take(submission.sql, submission.parked)))
          return { kind: "raced", identityId: caller.identity.id };
        throw rejection(deps, submission, performed, performed.event);
      case "redirect":
        return { kind: "done", render: () => begin(submission, method.name, performed) };
      case "context":
        return ended(submission, performed);
      case "performed":
        return save(deps, submission, method.name, performed, { resumes, submittedValues: examined.submittedValues });
    }
  };

  const begin = async (
    submission: SettingsSubmission,
    method: string,
    begin: RedirectRequest,
  ): Promise<SettingsOutcome> => {
    const { caller, flow, call } = submission;
    const location = await redirect.begin(
      { flow, method, who: caller, call, stands: (tx) => standFast(deps, submission, tx) },
      begin,
    );
    if (typeof location !== "string") throw await reject(deps, submission, location, location.event);
    return renderOutcome(deps, submission, { kind: "redirect", location });
  };

  const pick = (submission: SettingsSubmission, name: SettingsCase | undefined): SettingsMethod => {
    if (name === undefined)
      throw rejection(deps, submission, rejected([{ node: "", text: uiText(messages.noSettingsMethod) }]));
    return mustBeMethod(deps, name);
  };

  const openParked = (submission: SettingsSubmission): UpdateFlowBody | undefined => {
    const { parked } = submission;
    if (parked?.kind !== "reauthentication") return undefined;
    const payload = continuations.open(parked, parkedFor(submission, parked.method));
    return payload === undefined ? undefined : fromJson(UpdateFlowBodySchema, payload);
  };

  return { update, resume };
};

const mustMatchEtag = (etag: string | undefined, { caller }: SettingsSubmission): void => {
  if (etag !== undefined && etag !== String(caller.identity.version))
    throw serviceError("ETAG_MISMATCH", {
      field: "etag",
      explain: "The account has changed since this etag was read.",
    });
};

const invalid = (reason: string) => rejected([{ node: "", text: uiText(messages.invalid, { reason }) }]);

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.settings.v1.UpdateFlowBody",
  method: { case: undefined },
  csrfToken: "",
};
