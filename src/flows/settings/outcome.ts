import type { SettingsFlow } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { ContextChanged } from "../../methods/contract/settings.ts";
import { pageToContinueWith, redirectTo } from "../shared/continue-with.ts";
import { emptyForm, returnToOf } from "../shared/flow.ts";
import { withForm } from "../shared/form.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck } from "./load.ts";
import type { SettingsSubmission } from "./submission.ts";

/** What a submit of the settings flow gives, for UpdateFlow and ResumeFlow alike. */
export interface SettingsOutcome {
  readonly flow?: SettingsFlow;
  readonly redirectBrowserTo: string;
  readonly etag: string;
}

/** How a submit ended that was no failure. */
export type Ended =
  | {
      readonly kind: "saved";
      /** Undefined: nothing is saved yet, and the person goes on with what proves a new address. */
      readonly destination: string | undefined;
      readonly continueWith: readonly ContinueWith[];
    }
  | { readonly kind: "unchanged" }
  | { readonly kind: "redirect"; readonly location: string }
  | (ContextChanged & { readonly method: string });

/** Presents how a submit ended, and hands browsers their session cookie again. */
export const renderOutcome = async (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  ended: Ended,
): Promise<SettingsOutcome> => {
  const {
    storage: { clock, db, flows },
    sessions: { csrf, sessionCookie },
    destinations: { urls },
    forms: { sealedContext },
    settings: { render },
  } = deps;
  const { caller, call } = submission;
  const etag = String(caller.identity.version);
  if (ended.kind === "redirect") return { redirectBrowserTo: ended.location, etag };

  let { flow } = submission;
  if (ended.kind === "context") {
    flow = {
      ...withForm(flow, emptyForm, clock.now(), "show_form"),
      context: sealedContext.seal(flow, ended.method, ended.sealed),
    };
    if (!(await flows.save(db, flow, clock.now(), caller.session))) await loadAndCheck(deps, flow.id, call, db);
  }
  const token = csrf.tokenFor(call, flow.type);
  if (ended.kind !== "saved")
    return { flow: render(flow, caller, token), redirectBrowserTo: urls.pageOf(flow) ?? "", etag };
  const { continueWith, destination } = ended;
  if (flow.type === "api") return { flow: render(flow, caller, token, continueWith), redirectBrowserTo: "", etag };

  if (caller.credential.by === "cookie")
    sessionCookie.set(call, { token: caller.credential.token, expiresAt: caller.session.expiresAt }, clock.now());
  return {
    flow: render(flow, caller, token, [
      ...continueWith,
      ...(destination === undefined ? [] : [redirectTo(destination)]),
    ]),
    redirectBrowserTo: pageToContinueWith(continueWith) ?? destination ?? urls.page("settings", flow.id),
    etag,
  };
};

/**
 * Where a person goes when a change is saved (docs/compatibility.md, rule 2).
 *
 * @throws RETURN_TO_FORBIDDEN
 */
export const finalUrl = (
  { destinations: { urls, returnTo }, settings: { config } }: SettingsDeps,
  { flow }: SettingsSubmission,
  method: string,
): string =>
  returnTo.must(returnToOf(flow)) ??
  config.after.methods[method]?.default_browser_return_url ??
  config.after.default_browser_return_url ??
  urls.page("settings", flow.id);
