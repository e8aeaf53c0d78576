import type { Api } from "./api.ts";
import { describeDevice, isHandheld } from "./describe-device.ts";
import type { Facts } from "./facts.ts";
import { attributes, type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import { providerName } from "./provider-mark.ts";
import { renderNotice } from "./render-messages.ts";
import type { Section } from "./render-sections.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import { renderTrusted } from "./trusted.ts";
import type { WireSession, WireTrustedDevice } from "./wire.ts";

/** Where a person is signed in. */
export interface Sessions {
  readonly current: WireSession;
  readonly others: readonly WireSession[];
  /** Browsers on which they are not asked for a second factor. */
  readonly trusted: readonly WireTrustedDevice[];
}

/** Asks where the person is signed in; undefined when they are not, or not far enough. */
export const findSessions = async (
  api: Api,
  { trustsDevices }: Pick<Facts, "trustsDevices">,
): Promise<Sessions | undefined> => {
  const [current, others, trusted] = await Promise.all([
    api.get<WireSession>("/sessions/whoami"),
    api.get<readonly WireSession[]>("/sessions"),
    trustsDevices ? api.get<readonly WireTrustedDevice[]>("/sessions/trusted-devices") : undefined,
  ]);
  if (current.kind === "refused" || others.kind === "refused" || !Array.isArray(others.body)) return undefined;
  return {
    current: current.body,
    others: others.body,
    trusted: trusted?.kind === "ok" && Array.isArray(trusted.body) ? trusted.body : [],
  };
};

/** What the list of devices is rendered with. */
export interface DevicesOptions {
  readonly texts: Texts;
  /** The address of the page that shows it, relative to the pages. */
  readonly back: string;
  /** What was ended just now: `one`, `all` or `trusted`. */
  readonly ended: string | undefined;
}

/** How many are shown. Whoever has more has a program that signs in all the time. */
const most = 25;

/** Renders where a person is signed in, and which browsers are not asked for a second factor, if any. */
export const renderDevices = (sessions: Sessions, options: DevicesOptions): readonly Section[] => [
  renderSessions(sessions, options),
  ...(sessions.trusted.length > 0 ? [renderTrusted(sessions.trusted, options)] : []),
];

/** This device first, each of the others with a button that ends it. */
const renderSessions = ({ current, others }: Sessions, { texts, back, ended }: DevicesOptions): Section => {
  const title = texts.text("devices.title");
  const form = (session: string | undefined, label: Html, look: string, name?: string) =>
    html`<form action="end-session" method="post">${
      session !== undefined && html`<input type="hidden" name="session" value="${session}">`
    }<input type="hidden" name="back" value="${back}">
<button${attributes({ type: "submit", class: look, "aria-label": name })}>${label}</button></form>`;
  const row = (session: WireSession, isCurrent: boolean): Html => {
    const device = session.devices?.[0];
    const name = describeDevice(device?.user_agent ?? "", texts);
    const since = texts.rich("devices.since", { time: renderTime(session.authenticated_at, texts) });
    const end = html`${texts.text("devices.end")}`;
    return html`<li><span class="tile">${icon(isHandheld(device?.user_agent ?? "") ? "phone" : "laptop")}</span>
<div class="what"><strong>${name}</strong>${
      isCurrent && html` <span class="badge accent">${texts.text("devices.current")}</span>`
    }
<span class="facts">${
      device?.ip_address && html`<bdi>${device.ip_address}</bdi> `
    }${methodOf(session, texts)}<span>${since}</span></span></div>
${
  !isCurrent &&
  html`<div class="action">${form(session.id, end, "secondary", texts.text("devices.end_one", { device: name }))}</div>`
}</li>`;
  };
  return {
    id: "devices",
    title,
    body: html`<section class="panel" id="devices" aria-labelledby="section-devices">
<header><h2 id="section-devices">${title}</h2><p>${texts.text("devices.about")}</p></header>
${ended !== undefined && renderNotice("success", html`<p>${texts.text(endedText[ended] ?? "devices.ended")}</p>`)}
<ul class="rows">${row(current, true)}${others.slice(0, most).map((session) => row(session, false))}</ul>
${others.length === 0 && html`<p class="empty">${texts.text("devices.empty")}</p>`}
${others.length > most && html`<p class="hint">${texts.text("devices.more", { count: most + 1 })}</p>`}
${
  others.length > 0 &&
  html`<div class="actions">${form(undefined, html`${texts.text("devices.end_all")}`, "danger")}</div>`
}
</section>`,
  };
};

const endedText: Readonly<Record<string, "devices.ended_all" | "trusted.ended">> = {
  all: "devices.ended_all",
  trusted: "trusted.ended",
};

const methodOf = ({ authentication_methods: methods }: WireSession, texts: Texts): Html => {
  const last = methods?.at(-1);
  const method = last?.provider !== undefined ? providerName(last.provider) : texts.find([`method.${last?.method}`]);
  return html`${method !== undefined && html`<span>${texts.text("devices.with", { method })}</span> `}`;
};
