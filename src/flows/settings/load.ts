import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { SettingsMethod } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { sameEnd } from "../redirect/redirects.ts";
import { isExpired, replacedBy } from "../shared/expired.ts";
import { formOf } from "../shared/form.ts";
import { Afterwards } from "../shared/turns.ts";
import { mustBeOwn } from "./checks.ts";
import { newSettingsFlow } from "./create.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadSubmission, type SettingsSubmission } from "./submission.ts";

/**
 * Loads what a change is decided on: own → AAL → expiry, for every way into the
 * flow. A flow that is over is replaced.
 */
export const loadAndCheck = async (
  deps: SettingsDeps,
  flowId: string,
  call: Call,
  sql: Sql,
): Promise<SettingsSubmission> => {
  const { callers, clock, config, urls } = deps;
  const submission = await loadSubmission(deps, flowId, call, sql);
  mustBeOwn(submission.flow, submission.caller);
  callers.mustSatisfyAal(submission.caller, config.required_aal, urls.submit("settings", submission.flow.id));
  if (isExpired(submission.flow, clock.now())) throw new Afterwards(() => replace(deps, submission));
  return submission;
};

const replace = async (deps: SettingsDeps, { flow, caller }: SettingsSubmission) => {
  const { clock, db, flows, urls } = deps;
  const text = uiText(messages.settingsExpired, {
    expired_at: flow.expiresAt.toISOString(),
    expired_at_unix: Math.floor(flow.expiresAt.getTime() / 1000),
  });
  const fresh = newSettingsFlow(deps, caller, flow.type, flow.requestUrl, formOf([{ node: "", text }]), sameEnd(flow));
  await flows.insert(db, fresh);
  return replacedBy(flow, fresh, clock.now(), urls);
};

/** The method of a change. @throws METHOD_DISABLED */
export const mustBeMethod = ({ methods }: SettingsDeps, name: string): SettingsMethod => {
  // Whoever names a method also brings what it takes, so the pair always fits.
  const method = (methods as Readonly<Record<string, SettingsMethod | undefined>>)[name];
  if (!method?.enabled)
    throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
  return method;
};
