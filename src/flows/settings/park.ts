import { create, toJson } from "@bufbuild/protobuf";
import { ReauthenticateSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { type UpdateFlowBody, UpdateFlowBodySchema } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { ContinuationBinding } from "../../continuation/continuation.ts";
import type { Sql } from "../../db/sql.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import { methodName } from "../../methods/contract/method-name.ts";
import { homeOf } from "../shared/flow.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck } from "./load.ts";
import type { SettingsSubmission } from "./submission.ts";

/** How long a change waits for its owner, in milliseconds (docs/compatibility.md, rule 5). */
const LIFESPAN = 15 * 60_000;

/** Whether the person authenticated recently enough for a protected change, at the level that the account has. */
export const isRecent = ({ callers, clock, config }: SettingsDeps, { caller }: SettingsSubmission): boolean =>
  callers.aal.isPrivileged(caller, config.privileged_session_max_age, clock.now());

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
  failure: () => ServiceError = () => reauthenticationRequired(deps, submission),
): Promise<ServiceError> => {
  const { db, config, continuations } = deps;
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
  await deps.identities.lockActive(tx, caller.identity.id);
  await loadAndCheck(deps, flow.id, call, tx);
};

/** Says where the owner of an account authenticates. */
export const reauthenticationRequired = (
  { config, factors, urls }: SettingsDeps,
  { caller, flow }: SettingsSubmission,
): ServiceError => {
  // Whoever has a second factor proves that one: the first alone would not reach the level of the account.
  const seconds = factors.second(caller);
  const query = { refresh: "true", ...(seconds.length > 0 && { aal: "aal2" }) };
  const location = urls.init("login", "browser", { ...query, return_to: urls.submit("settings", flow.id) });
  const native = urls.init("login", "api", query);
  const methods = seconds.length > 0 ? seconds : factors.first(caller.identity);
  const maxAge = Math.floor(config.privileged_session_max_age / 1000);
  return serviceError("SESSION_REFRESH_REQUIRED", {
    explain: "The session is too old for this change. It is kept until you have signed in again, and then applied.",
    details: { reauthenticate: { native_login_url: native, methods, max_age: maxAge } },
    siblings: { redirect_browser_to: location },
    // RFC 9470: what the resource asks of the session.
    headers: {
      "www-authenticate": `Bearer error="insufficient_user_authentication", error_description="A more recent sign-in is required", max_age="${maxAge}"`,
    },
    typed: [
      detail(
        ReauthenticateSchema,
        create(ReauthenticateSchema, {
          maxAge,
          methods: [...methods],
          nativeLoginUrl: native,
          redirectBrowserTo: location,
          flowId: flow.id,
        }),
      ),
    ],
    location,
  });
};
