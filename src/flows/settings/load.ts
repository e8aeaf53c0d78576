import type { Sql } from "../../db/sql.ts";
import { AfterRollback } from "../../identity/conflict-retry.ts";
import type { Call } from "../../lib/call.ts";
import type { SettingsMethod } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { isExpired, replacedBy } from "../shared/expired.ts";
import { formOf } from "../shared/form.ts";
import { mustBeMethod as mustBeEnabledMethod } from "../shared/must-be-method.ts";
import { mustBeOwn } from "./checks.ts";
import { newSettingsFlow } from "./create.ts";
import type { SettingsDeps } from "./deps.ts";
import { type LoadedSubmission, loadSubmission } from "./submission.ts";

/** @throws AAL2_REQUIRED */
export const requireAal = (
  { sessions: { callers }, destinations: { urls }, settings: { config } }: SettingsDeps,
  { caller, flow }: LoadedSubmission,
): void => callers.aal.mustReach(caller, config.required_aal, urls.submit("settings", flow.id));

/** Replaces an expired flow by a new one. @throws FLOW_EXPIRED */
export const rejectIfExpired = (deps: SettingsDeps, submission: LoadedSubmission): void => {
  if (isExpired(submission.flow, deps.storage.clock.now())) throw new AfterRollback(() => replace(deps, submission));
};

/**
 * The first steps of every entrance in one: load → owner → AAL → expiry.
 *
 * @throws SESSION_INACTIVE, INVALID_FIELD, FLOW_NOT_FOUND, IDENTITY_MISMATCH, AAL2_REQUIRED, FLOW_EXPIRED
 */
export const loadAndCheck = async (
  deps: SettingsDeps,
  flowId: string,
  call: Call,
  sql: Sql,
): Promise<LoadedSubmission> => {
  const submission = await loadSubmission(deps, flowId, call, sql);
  mustBeOwn(submission.flow, submission.caller);
  requireAal(deps, submission);
  rejectIfExpired(deps, submission);
  return submission;
};

const replace = async (deps: SettingsDeps, { flow, caller, call }: LoadedSubmission) => {
  const {
    storage: { clock, newFlows },
    destinations: { urls },
  } = deps;
  const text = uiText(messages.settingsExpired, {
    expired_at: flow.expiresAt.toISOString(),
    expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
  });
  const fresh = newSettingsFlow(deps, caller, flow.type, flow.requestUrl, formOf([{ node: "", text }]), sameEnd(flow));
  newFlows.consumeOrThrow(call.remoteAddress, caller.identity.id);
  await beginFlow(deps, deps.settings.hooks, fresh, call, caller);
  return replacedBy(flow, fresh, clock.now(), urls);
};

/**
 * The method of a change. Whoever must set up a second factor first can do nothing else.
 *
 * @throws METHOD_DISABLED, AAL2_REQUIRED
 */
export const mustBeMethod = (
  { sessions: { callers }, settings: { methods } }: SettingsDeps,
  name: string,
  { caller }: Pick<LoadedSubmission, "caller">,
): SettingsMethod => {
  // Whoever names a method also brings what it takes, so the pair always fits.
  const method = mustBeEnabledMethod<SettingsMethod>(methods, name);
  const enrolment = method.isSecondFactor ? undefined : callers.aal.enrolment(caller);
  if (enrolment) throw enrolment;
  return method;
};
