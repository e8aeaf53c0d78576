import type { Api } from "./api.ts";
import { describeDevice } from "./describe-device.ts";
import type { FlowPage } from "./flow-page.ts";
import { hasErrors } from "./form-page.ts";
import { type Content, html } from "./html.ts";
import { nameOf } from "./name-of.ts";
import { renderForms } from "./render-forms.ts";
import { signOutLink } from "./sign-out-link.ts";
import type { WireSession, WireUi } from "./wire.ts";

/** The page on which people change their own account. */
export const settingsPage: FlowPage = {
  kind: "settings",
  carried: ["return_to", "organization"],
  show: async (flow, { api }) => {
    const username = nameOf(flow.identity);
    const [signOut, elsewhere] = await Promise.all([signOutLink(api), otherSessions(api)]);
    return {
      title: "Account settings",
      isWide: true,
      hasErrors: hasErrors(flow),
      nodes: flow.ui.nodes ?? [],
      body: html`<div class="who"><p>Signed in as <strong>${username}</strong></p>${signOut}</div>
${renderForms(flow.state === "success" ? cheerful(flow.ui) : flow.ui, { how: "sections", username })}
${elsewhere}`,
    };
  },
};

/** "Saved" is an `info` for old clients' sake; here it looks like the good news it is. */
const cheerful = (ui: WireUi): WireUi => ({
  ...ui,
  messages: (ui.messages ?? []).map((message) =>
    message.type === "info" ? { ...message, type: "success" as const } : message,
  ),
});

/** Where else the person is signed in. To look at only: a form cannot send the DELETE that ends those sessions. */
const otherSessions = async (api: Api): Promise<Content> => {
  const got = await api.get<readonly WireSession[]>("/sessions");
  if (got.kind === "refused" || !Array.isArray(got.body) || got.body.length === 0) return undefined;
  return html`<section aria-labelledby="sessions"><h2 id="sessions">Signed in elsewhere</h2>
<ul class="sessions">${got.body.map((session: WireSession) => {
    const device = session.devices?.[0];
    return html`<li><strong>${describeDevice(device?.user_agent ?? "")}</strong>
<span class="hint">${device?.ip_address && html`${device.ip_address}, `}since <time datetime="${session.authenticated_at}">${instant(session.authenticated_at)}</time></span></li>`;
  })}</ul></section>`;
};

const format = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

const instant = (text: string): string => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : `${format.format(at)} UTC`;
};
