import type { UpdateFlowBody } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import { AfterRollback } from "../../identity/conflict-retry.ts";
import type { SettingsMethod } from "../../methods/contract/settings.ts";
import type { SettingsDeps } from "./deps.ts";
import { isRecent, park } from "./park.ts";
import type { SettingsSubmission } from "./submission.ts";

/**
 * A protected change needs a session that was authenticated recently; one of what a
 * person signs in with also needs the second factor of whoever has one, whatever
 * `required_aal` says. The change waits until its owner has done what the error asks for.
 *
 * @throws AAL2_REQUIRED, SESSION_REFRESH_REQUIRED
 */
export const mustBePrivileged = (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  { changesFactors }: Pick<SettingsMethod, "changesFactors">,
  body: UpdateFlowBody,
): void => {
  const stepUp = changesFactors ? stepUpRequired(deps, submission) : undefined;
  if (stepUp) throw new AfterRollback(() => park(deps, submission, body, () => stepUp));
  if (!isRecent(deps, submission)) throw new AfterRollback(() => park(deps, submission, body));
};

/** Why the session cannot change what the person signs in with; undefined when it can. */
export const stepUpRequired = (
  { sessions: { callers }, destinations: { urls }, settings: { config } }: SettingsDeps,
  { caller, flow }: SettingsSubmission,
): ServiceError | undefined =>
  callers.aal.stepUp(
    caller,
    "highest_available",
    urls.submit("settings", flow.id),
    Math.floor(config.privileged_session_max_age / 1000),
  );
