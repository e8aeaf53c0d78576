import { type Answer, show } from "./answer.ts";
import type { Got } from "./api.ts";
import { findSessions, renderDevices, type Sessions } from "./devices.ts";
import type { Facts } from "./facts.ts";
import { wayOn } from "./failed-page.ts";
import { type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import { avatar, type Page } from "./page.ts";
import { personOf } from "./person.ts";
import { safeUrl } from "./safe-url.ts";
import { findSignOutUrl } from "./sign-out-url.ts";
import type { Texts } from "./texts.ts";
import type { Visit } from "./visit.ts";
import type { WireAddress, WireIdentity, WireSession } from "./wire.ts";

/**
 * Creates the start page: whose account it is and where they are signed in, or how to sign in.
 */
export const createStartPage =
  (facts: Facts): ((visit: Visit) => Promise<Answer>) =>
  async (visit) => {
    const { api, texts } = visit;
    const who = await api.get<WireSession>("/sessions/whoami");
    if (who.kind === "refused")
      return show(halfway(who, texts) ?? stranger(texts, facts.registrationEnabled), who.cookies);
    const [sessions, signOutUrl] = await Promise.all([findSessions(api, facts), findSignOutUrl(api)]);
    const where = sessions ?? { current: who.body, others: [], trusted: [] };
    return show(overview(visit, facts, where, signOutUrl), who.cookies);
  };

const stranger = (texts: Texts, registrationEnabled: boolean): Page => ({
  title: texts.text("start.title"),
  lead: texts.text("start.lead"),
  body: html`<p class="ways"><a class="button primary" href="login">${texts.text("login.title")}</a>${
    registrationEnabled && html`<a class="button secondary" href="registration">${texts.text("registration.title")}</a>`
  }</p>`,
});

/** Signed in with one factor where two are wanted. */
const halfway = ({ error, redirectTo }: Extract<Got<unknown>, { kind: "refused" }>, texts: Texts): Page | undefined => {
  const url = error.id === "session_aal2_required" ? safeUrl(redirectTo ?? "") : undefined;
  if (url === undefined || redirectTo === undefined) return undefined;
  return {
    title: texts.text("second.title"),
    lead: texts.text("start.halfway"),
    body: wayOn(url, texts.text("start.halfway.go")),
  };
};

const overview = (
  { texts, param }: Visit,
  { verificationEnabled }: Facts,
  sessions: Sessions,
  signOutUrl: string | undefined,
): Page => {
  const identity = sessions.current.identity;
  const person = personOf(identity);
  return {
    title: texts.text("home.title"),
    account: { person, signOutUrl },
    body: html`<div class="panels">
<section class="panel hello" aria-labelledby="hello"><div class="who">${avatar(person)}<div>
<h2 id="hello">${texts.text("home.greeting", { name: person.name })}</h2>${
      person.address !== person.name && html`<p><bdi>${person.address}</bdi></p>`
    }</div></div><a class="button primary" href="settings">${texts.text("settings.title")}</a></section>
${renderAddresses(identity, texts, verificationEnabled)}
${renderDevices(sessions, { texts, back: "", ended: param("ended") }).map(({ body }) => body)}
</div>`,
  };
};

const renderAddresses = (
  identity: WireIdentity | null | undefined,
  texts: Texts,
  verificationEnabled: boolean,
): Html => {
  const verifiable = identity?.verifiable_addresses ?? [];
  const recovery = identity?.recovery_addresses ?? [];
  const all = new Map<string, WireAddress>();
  for (const address of [...verifiable, ...recovery]) if (!all.has(address.value)) all.set(address.value, address);
  const row = (address: WireAddress): Html => {
    const isSms = address.via === "sms";
    const kind = texts.text(isSms ? "address.sms" : "address.email");
    const recovers = recovery.some(({ value }) => value === address.value);
    return html`<li><span class="tile">${icon(isSms ? "phone" : "mail")}</span><div class="what">
<strong><bdi>${address.value}</bdi></strong>
<span class="facts">${verifiedBadge(address, texts)}<span>${kind}</span>${
      recovers && html` <span>${texts.text("address.recovery")}</span>`
    }</span></div></li>`;
  };
  return html`<section class="panel" id="addresses" aria-labelledby="section-addresses"><header>
<h2 id="section-addresses">${texts.text("addresses.title")}</h2><p>${texts.text("addresses.about")}</p></header>
${
  all.size > 0
    ? html`<ul class="rows">${[...all.values()].map(row)}</ul>`
    : html`<p class="empty">${texts.text("addresses.empty")}</p>`
}
<div class="actions"><a class="button secondary" href="settings#profile">${texts.text("home.edit")}</a>${
    verificationEnabled &&
    verifiable.some(({ verified }) => verified === false) &&
    html`<a class="button secondary" href="verification">${texts.text("verification.title")}</a>`
  }</div>
</section>`;
};

const verifiedBadge = ({ verified }: WireAddress, texts: Texts): Html =>
  html`${
    verified !== undefined &&
    html`<span class="badge ${verified ? "good" : ""}">${
      verified && icon("check")
    }${texts.text(verified ? "address.verified" : "address.unverified")}</span>`
  }`;
