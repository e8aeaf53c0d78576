import { fromJson } from "@bufbuild/protobuf";
import {
  type ResumeFlowRequest,
  type UpdateFlowBody,
  UpdateFlowBodySchema,
  type UpdateFlowRequest,
} from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { fail } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { SettingsCase, SettingsMethod } from "../../methods/method.ts";
import { isPrivileged } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired, replacedBy } from "../expired.ts";
import { formOf } from "../form.ts";
import { checkOrigin } from "../same-origin.ts";
import { type Attempt, loadAttempt, viewOf } from "./attempt.ts";
import { mustBeOwn } from "./checks.ts";
import { newSettingsFlow } from "./create.ts";
import type { SettingsDeps } from "./deps.ts";
import { finalUrl, presentOutcome, type SettingsOutcome } from "./outcome.ts";
import { park, parkedFor } from "./park.ts";
import { persist } from "./persist.ts";
import { reject } from "./reject.ts";

/** How often a change runs again on a fresh identity when another write came between. */
const TRIES = 4;

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
export const createUpdate = (deps: SettingsDeps): SettingsUpdate => {
  const { callers, clock, config, continuations, csrf, methods, urls } = deps;

  const update: SettingsUpdate["update"] = (request, call) =>
    onFreshIdentity(async () => {
      const attempt = await loadAndCheck(request.flow, call);
      const body = request.body ?? noBody;
      const foreign = checkOrigin(csrf, call, attempt.flow, body.csrfToken);
      if (foreign !== undefined) throw await reject(deps, attempt, [formMessage(foreign)]);
      if (call.malformed !== undefined) throw await reject(deps, attempt, [formMessage(call.malformed)]);
      mustMatchEtag(body.etag, attempt);
      return change(attempt, body, false);
    });

  const resume: SettingsUpdate["resume"] = (request, call) =>
    onFreshIdentity(async () => {
      const attempt = await loadAndCheck(request.flow, call);
      const body = openParked(attempt);
      if (body === undefined) return presentOutcome(deps, attempt, { kind: "unchanged" });
      mustMatchEtag(body.etag, attempt);
      return change(attempt, body, true);
    });

  const loadAndCheck = async (flowId: string, call: Call): Promise<Attempt> => {
    const attempt = await loadAttempt(deps, flowId, call);
    mustBeOwn(attempt.flow, attempt.caller);
    callers.mustSatisfyAal(attempt.caller, config.required_aal, urls.submit("settings", attempt.flow.id));
    if (isExpired(attempt.flow, clock.now())) throw await replace(attempt);
    return attempt;
  };

  /** Undefined: another request came between, begin again. */
  const change = async (attempt: Attempt, body: UpdateFlowBody, resumes: boolean): Promise<SettingsOutcome | undefined> => {
    const { caller, call } = attempt;
    const method = await pick(attempt, body.method.case);
    const view = viewOf(deps, attempt, body.updateMask?.paths);

    const examined = method.examine(body.method.value as never, view);
    if (examined.kind === "rejected") throw await reject(deps, attempt, examined.messages, examined.shown);
    if (examined.protected && !isPrivileged(caller.session, config.privileged_session_max_age, clock.now())) throw await park(deps, attempt, body);

    const prepared = await method.prepare(examined.examined, view, call);
    if (prepared.kind === "rejected") {
      // Another request resumed it meanwhile: what it is found wanting against may be its own result.
      if (resumes && attempt.parked && !(await continuations.take(deps.db, attempt.parked))) return undefined;
      throw await reject(deps, attempt, prepared.messages, prepared.shown);
    }
    if (prepared.kind !== "prepared") return presentOutcome(deps, attempt, prepared);

    // Before anything is written: configuration may have changed since the flow began.
    const destination = finalUrl(deps, attempt, method.name);
    const persisted = await persist(deps, attempt, method.name, prepared, resumes);
    switch (persisted.kind) {
      case "saved":
        return presentOutcome(deps, { ...attempt, flow: persisted.flow, caller: { ...caller, identity: persisted.identity } }, { kind: "saved", destination });
      case "taken":
        throw await reject(deps, attempt, [{ node: "", text: uiText(messages.identifierTaken) }], examined.shown);
      case "gone":
      case "conflict":
        return undefined;
    }
  };

  const pick = async (attempt: Attempt, name: SettingsCase | undefined): Promise<SettingsMethod> => {
    if (name === undefined) throw await reject(deps, attempt, [{ node: "", text: uiText(messages.noSettingsMethod) }]);
    // The case names the method that takes its value, so the pair always fits.
    const method = methods[name] as SettingsMethod;
    if (!method.enabled) throw fail("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
    return method;
  };

  const openParked = (attempt: Attempt): UpdateFlowBody | undefined => {
    const { parked } = attempt;
    if (parked?.kind !== "reauthentication") return undefined;
    const payload = continuations.open(parked, parkedFor(attempt, parked.method));
    return payload === undefined ? undefined : fromJson(UpdateFlowBodySchema, payload);
  };

  const replace = async ({ flow, caller }: Attempt) => {
    const now = clock.now();
    const text = uiText(messages.settingsExpired, { expired_at: flow.expiresAt.toISOString(), expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000) });
    const fresh = newSettingsFlow(deps, caller, flow.type, flow.requestUrl, formOf([{ node: "", text }]));
    await deps.flows.insert(deps.db, fresh);
    return replacedBy(flow, fresh, now, urls);
  };

  return { update, resume };
};

/** Runs a change again from its first read while other writes come between. */
const onFreshIdentity = async (once: () => Promise<SettingsOutcome | undefined>): Promise<SettingsOutcome> => {
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await once();
    if (outcome) return outcome;
  }
  throw fail("ETAG_MISMATCH", { explain: "The account is being changed by other requests at the same time. Try again." });
};

const mustMatchEtag = (etag: string | undefined, { caller }: Attempt): void => {
  if (etag !== undefined && etag !== String(caller.identity.version))
    throw fail("ETAG_MISMATCH", { field: "etag", explain: "The account has changed since this etag was read." });
};

const formMessage = (reason: string) => ({ node: "", text: uiText(messages.invalid, { reason }) });

const noBody: UpdateFlowBody = { $typeName: "ostiary.settings.v1.UpdateFlowBody", method: { case: undefined }, csrfToken: "" };
