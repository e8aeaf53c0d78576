import type { UpdateFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { signInBrowser } from "../../session/sign-in-browser.ts";
import { redirectTo, setSessionToken, showSettings } from "../shared/continue-with.ts";
import { returnToOf } from "../shared/flow.ts";
import type { RecoveryDeps } from "./deps.ts";
import type { RecoveredAccount, WrittenRecovery } from "./persist.ts";

/**
 * Creates the answer to a recovery: a browser has its session cookie and goes to
 * the settings. Other clients are led there by `continue_with`, where that is
 * configured, and over every protocol but REST, which says 422 without it.
 */
export const createRenderOutcome = (deps: RecoveryDeps) => {
  const {
    storage: { clock },
    sessions,
    destinations: { defaultReturnUrl, returnTo, urls },
    recovery: { config, render, usesContinueWith },
  } = deps;

  return (
    { call, client }: Pick<RecoveredAccount, "call" | "client">,
    written: WrittenRecovery,
    fromHooks: readonly ContinueWith[],
  ): UpdateFlowResponse => {
    const { flow, issued, settings } = written;
    const isBrowser = client === "browser";
    if (isBrowser) signInBrowser(sessions, call, issued, { now: clock.now() });
    const destination =
      settings === undefined
        ? (returnTo.ifAllowed(returnToOf(flow)) ?? config.after.default_browser_return_url ?? defaultReturnUrl)
        : urls.page("settings", settings.id);
    const base = { $typeName: "ostiary.recovery.v1.UpdateFlowResponse", redirectBrowserTo: destination } as const;
    if (call.protocol === "rest" && !usesContinueWith) return base;
    const continueWith = [
      ...(isBrowser ? [] : [setSessionToken(issued.token)]),
      ...(settings ? [showSettings(settings.id, isBrowser ? destination : undefined)] : []),
      ...fromHooks,
      ...(isBrowser && settings === undefined ? [redirectTo(destination)] : []),
    ];
    return { ...base, flow: render(flow, sessions.csrf.tokenFor(call, client), { continueWith }) };
  };
};
