import type { SettingsFlow } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import type { Shown } from "../../methods/method.ts";
import { redirectTo } from "../continue-with.ts";
import { emptyForm, returnToOf } from "../flow.ts";
import { withForm } from "../form.ts";
import type { Attempt } from "./attempt.ts";
import type { SettingsDeps } from "./deps.ts";

/** What a submit of the settings flow gives, for UpdateFlow and ResumeFlow alike. */
export interface SettingsOutcome {
  readonly flow?: SettingsFlow;
  readonly redirectBrowserTo: string;
  readonly etag: string;
}

/** How a submit ended that was no failure. */
export type Ended =
  | { readonly kind: "saved"; readonly destination: string }
  | { readonly kind: "unchanged" }
  | { readonly kind: "away"; readonly location: string }
  | Shown;

/** Presents how a submit ended, and hands browsers their session cookie again. */
export const presentOutcome = async (deps: SettingsDeps, attempt: Attempt, ended: Ended): Promise<SettingsOutcome> => {
  const { clock, csrf, db, flows, present, sessionCookie, urls } = deps;
  const { caller, call } = attempt;
  const etag = String(caller.identity.version);
  if (ended.kind === "away") return { redirectBrowserTo: ended.location, etag };

  let { flow } = attempt;
  if (ended.kind === "shown") {
    flow = { ...withForm(flow, emptyForm, clock.now(), "show_form"), context: { ...flow.context, ...ended.context } };
    await flows.save(db, flow);
  }
  const token = csrf.tokenFor(call, flow.type);
  if (ended.kind !== "saved" || flow.type === "api") return { flow: present(flow, caller, token), redirectBrowserTo: urls.pageOf(flow) ?? "", etag };

  if (caller.credential.by === "cookie") sessionCookie.hand(call, { token: caller.credential.token, expiresAt: caller.session.expiresAt }, clock.now());
  return { flow: present(flow, caller, token, [redirectTo(ended.destination)]), redirectBrowserTo: ended.destination, etag };
};

/**
 * Where a person goes when a change is saved (contract, settings 2.8).
 *
 * @throws RETURN_TO_FORBIDDEN
 */
export const finalUrl = ({ config, urls, returnTo }: SettingsDeps, { flow }: Attempt, method: string): string =>
  returnTo.must(returnToOf(flow)) ??
  config.after.methods[method]?.default_browser_return_url ??
  config.after.default_browser_return_url ??
  urls.page("settings", flow.id);
