import { fromJson } from "@bufbuild/protobuf";
import {
  type ResumeFlowRequest,
  type UpdateFlowBody,
  UpdateFlowBodySchema,
  type UpdateFlowRequest,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { fail } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { rejected, type SettingsCase, type SettingsMethod } from "../../methods/method.ts";
import { isPrivileged } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { checkOrigin } from "../same-origin.ts";
import { type Attempt, viewOf } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";
import type { SettingsFinish } from "./finish.ts";
import { loadAndCheck, mustBeMethod, onFreshIdentity } from "./load.ts";
import { presentOutcome, type SettingsOutcome } from "./outcome.ts";
import { park, parkedFor } from "./park.ts";
import { reject } from "./reject.ts";
import { save } from "./save.ts";

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
 * privileged, or parked → prepare → one transaction → present.
 */
export const createUpdate = (deps: SettingsDeps, { complete }: SettingsFinish): SettingsUpdate => {
  const { clock, config, continuations, csrf, db, elsewhere } = deps;

  const update: SettingsUpdate["update"] = (request, call) =>
    onFreshIdentity(async () => {
      const attempt = await loadAndCheck(deps, request.flow, call);
      const body = request.body ?? noBody;
      const foreign = checkOrigin(csrf, call, attempt.flow, body.csrfToken);
      if (foreign !== undefined) throw await reject(deps, attempt, invalid(foreign));
      if (call.malformed !== undefined) throw await reject(deps, attempt, invalid(call.malformed));
      mustMatchEtag(body.etag, attempt);
      return change(attempt, body, false);
    });

  const resume: SettingsUpdate["resume"] = (request, call) =>
    onFreshIdentity(async () => {
      const attempt = await loadAndCheck(deps, request.flow, call);
      const body = openParked(attempt);
      if (body === undefined) return presentOutcome(deps, attempt, { kind: "unchanged" });
      mustMatchEtag(body.etag, attempt);
      return change(attempt, body, true);
    });

  /** Undefined: another request came between, begin again. */
  const change = async (attempt: Attempt, body: UpdateFlowBody, resumes: boolean): Promise<SettingsOutcome | undefined> => {
    const { caller, flow, call } = attempt;
    const method = await pick(attempt, body.method.case);
    const codes = method.elsewhere?.codes(body.method.value as never);
    if (codes) return complete(attempt, method.name, codes);
    const view = viewOf(deps, attempt, body.updateMask?.paths);

    const examined = method.examine(body.method.value as never, view);
    if (examined.kind === "rejected") throw await reject(deps, attempt, examined, examined.event);
    if (examined.protected && !isPrivileged(caller.session, config.privileged_session_max_age, clock.now())) throw await park(deps, attempt, body);

    const prepared = await method.prepare(examined.examined, view, call);
    switch (prepared.kind) {
      case "rejected":
        // Another request resumed it meanwhile: what it is found wanting against may be its own result.
        if (resumes && attempt.parked && !(await continuations.take(db, attempt.parked))) return undefined;
        throw await reject(deps, attempt, prepared, prepared.event);
      case "leave": {
        const location = await elsewhere.depart(flow, method.name, caller, prepared, call);
        if (typeof location !== "string") throw await reject(deps, attempt, location, location.event);
        return presentOutcome(deps, attempt, { kind: "away", location });
      }
      case "shown":
        return presentOutcome(deps, attempt, prepared);
      case "prepared":
        return save(deps, attempt, method.name, prepared, { resumes, shown: examined.shown });
    }
  };

  const pick = async (attempt: Attempt, name: SettingsCase | undefined): Promise<SettingsMethod> => {
    if (name === undefined) throw await reject(deps, attempt, rejected([{ node: "", text: uiText(messages.noSettingsMethod) }]));
    return mustBeMethod(deps, name);
  };

  const openParked = (attempt: Attempt): UpdateFlowBody | undefined => {
    const { parked } = attempt;
    if (parked?.kind !== "reauthentication") return undefined;
    const payload = continuations.open(parked, parkedFor(attempt, parked.method));
    return payload === undefined ? undefined : fromJson(UpdateFlowBodySchema, payload);
  };

  return { update, resume };
};

const mustMatchEtag = (etag: string | undefined, { caller }: Attempt): void => {
  if (etag !== undefined && etag !== String(caller.identity.version))
    throw fail("ETAG_MISMATCH", { field: "etag", explain: "The account has changed since this etag was read." });
};

const invalid = (reason: string) => rejected([{ node: "", text: uiText(messages.invalid, { reason }) }]);

const noBody: UpdateFlowBody = { $typeName: "ostiary.settings.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
