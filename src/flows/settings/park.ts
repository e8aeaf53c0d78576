import { toJson } from "@bufbuild/protobuf";
import { type UpdateFlowBody, UpdateFlowBodySchema } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { ContinuationBinding } from "../../continuation/continuation.ts";
import type { Sql } from "../../db/sql.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import { methodName } from "../../methods/contract/method-name.ts";
import { homeOf } from "../shared/flow.ts";
import { reauthenticationRequired } from "../shared/reauthenticate.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck } from "./load.ts";
import type { SettingsSubmission } from "./submission.ts";

/** How long a change waits for its owner, in milliseconds (docs/compatibility.md, rule 5). */
const LIFESPAN = 15 * 60_000;

/** Whether the person authenticated recently enough for a protected change, at the level that the account has. */
export const isRecent = (
  { storage: { clock }, sessions: { callers }, settings: { config } }: SettingsDeps,
  { caller }: SettingsSubmission,
): boolean => callers.aal.isPrivileged(caller, config.privileged_session_max_age, clock.now());

/** What a parked change is bound to: it is applied under exactly these. */
export const parkedFor = ({ caller, flow }: SettingsSubmission, method: string): ContinuationBinding => ({
  homeId: homeOf(flow),
  flowId: flow.id,
  kind: "reauthentication",
  step: "proof",
  method,
  sessionId: caller.session.id,
  identityId: caller.identity.id,
});

/**
 * Parks a protected change and says where its owner authenticates. It
 * takes the place of a change that was parked for this flow before.
 *
 * @param failure the error to give; left out, that the session is too old
 */
export const park = async (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  body: UpdateFlowBody,
  failure: () => ServiceError = () => changeNeedsReauthentication(deps, submission),
): Promise<ServiceError> => {
  const {
    storage: { continuations, db },
    settings: { config },
  } = deps;
  const payload = toJson(UpdateFlowBodySchema, { ...body, csrfToken: "" });
  await db.transaction(async (tx) => {
    await lockAndRecheck(deps, submission, tx);
    await continuations.park(
      tx,
      parkedFor(submission, methodName(body.method.case ?? "")),
      payload,
      Math.min(LIFESPAN, config.lifespan),
    );
  });
  return failure();
};

/**
 * Whatever a submit was found to stand on must stand still, in the transaction that writes something for it. @throws
 * as `loadAndCheck`
 */
export const lockAndRecheck = async (
  deps: SettingsDeps,
  { caller, flow, call }: SettingsSubmission,
  tx: Sql,
): Promise<void> => {
  await deps.storage.identities.lockActive(tx, caller.identity.id);
  await loadAndCheck(deps, flow.id, call, tx);
};

/** Says where the owner of an account authenticates. */
export const changeNeedsReauthentication = (
  { destinations: { urls }, settings: { config, factors } }: SettingsDeps,
  { caller, flow }: SettingsSubmission,
): ServiceError =>
  reauthenticationRequired({
    caller,
    factors,
    urls,
    maxAge: config.privileged_session_max_age,
    returnTo: urls.submit("settings", flow.id),
    flowId: flow.id,
    explain: "The session is too old for this change. It is stored until you have signed in again, and then applied.",
  });
