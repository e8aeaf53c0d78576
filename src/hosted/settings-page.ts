import { findDeletion, renderAccount, renderData } from "./account-section.ts";
import { findActivity, renderActivity } from "./activity.ts";
import { findSessions, renderDevices, type Sessions } from "./devices.ts";
import type { PageDeps } from "./facts.ts";
import type { FlowPage } from "./flow-page.ts";
import { hasErrors } from "./form-page.ts";
import { html } from "./html.ts";
import { renderMerging } from "./merge-page.ts";
import { findPendingAddresses, renderPendingAddresses } from "./pending-addresses.ts";
import { personOf } from "./person.ts";
import { renderSections } from "./render-sections.ts";
import { safeUrl } from "./safe-url.ts";
import { findSignOutUrl } from "./sign-out-url.ts";
import { createView } from "./view.ts";

/** Creates the page on which people change their own account. */
export const createSettingsPage = ({ facts, publicUrl }: PageDeps): FlowPage => ({
  kind: "settings",
  carried: ["return_to", "organization"],
  show: async (flow, { api, texts, param }) => {
    const nodes = flow.ui.nodes ?? [];
    const view = createView(texts, { pages: ["settings"], rules: facts.passwordRules, nodes });
    const person = personOf(flow.identity);
    const isSaved = flow.state === "success";
    const [signOutUrl, sessions, activity, deletion, pending] = await Promise.all([
      findSignOutUrl(api),
      findSessions(api, facts),
      findActivity(api),
      findDeletion(api),
      findPendingAddresses(api),
    ]);
    const { above, sections } = renderSections(flow.ui, view, {
      username: person.address,
      account: flow.identity?.id,
      active: flow.active,
      isSaved,
      usedProviders: providersIn(sessions),
      endsOthers: facts.passwordEndsOthers,
    });
    const back = `settings?flow=${encodeURIComponent(flow.id)}`;
    const waiting = renderPendingAddresses(pending, { texts, back, isCancelled: param("given_up") !== undefined });
    const all = [
      ...sections,
      waiting,
      ...(sessions === undefined ? [] : renderDevices(sessions, { texts, back, ended: param("ended") })),
      activity && activity.length > 0 ? renderActivity(activity, texts) : undefined,
      deletion && renderData(texts, publicUrl),
      deletion && facts.mergesAccounts ? renderMerging(texts, back) : undefined,
      deletion && renderAccount(deletion, { texts, back, said: param("account") }),
    ].filter((section) => section !== undefined);
    const returnTo = safeUrl(flow.return_to ?? "");
    return {
      title: texts.text("settings.title"),
      mood: hasErrors(flow.ui) ? "error" : isSaved ? "saved" : undefined,
      nodes,
      account: { person, signOutUrl },
      body: html`<nav class="sections" aria-label="${texts.text("settings.sections")}"><ul>${all.map(
        ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`,
      )}</ul>${
        flow.return_to !== undefined &&
        returnTo !== undefined &&
        html`<p>
<a href="${returnTo}">${texts.text("settings.back")}</a></p>`
      }</nav>
<div class="panels">${above}${all.map(({ body }) => body)}</div>`,
    };
  },
});

/** The providers that the person has signed in with, as far as their sessions tell. */
const providersIn = (sessions: Sessions | undefined): readonly string[] =>
  [...(sessions === undefined ? [] : [sessions.current, ...sessions.others])].flatMap(
    ({ authentication_methods: methods }) =>
      (methods ?? []).flatMap(({ method, provider }) =>
        method === "oidc" && provider !== undefined ? [provider] : [],
      ),
  );
