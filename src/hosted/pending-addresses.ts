import type { Api } from "./api.ts";
import { attributes, html } from "./html.ts";
import { icon } from "./icon.ts";
import { renderNotice } from "./render-messages.ts";
import type { Section } from "./render-sections.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";

/** A pending address, as the API lists it. */
export interface WirePendingAddress {
  readonly id: string;
  readonly via: string;
  readonly value: string;
  readonly expires_at: string;
}

/** Asks which addresses wait; none where nobody is signed in far enough. */
export const findPendingAddresses = async (api: Api): Promise<readonly WirePendingAddress[]> => {
  const got = await api.get<readonly WirePendingAddress[]>("/addresses/pending?page_size=500");
  return got.kind === "ok" && Array.isArray(got.body) ? got.body : [];
};

/** What the list is rendered with. */
export interface PendingOptions {
  readonly texts: Texts;
  /** The address of the page that shows it, relative to the pages. */
  readonly back: string;
  /** Whether one was cancelled just now. */
  readonly isCancelled: boolean;
}

/** Renders the pending addresses, each with a button that sends another message and one that cancels it. */
export const renderPendingAddresses = (
  pending: readonly WirePendingAddress[],
  { texts, back, isCancelled }: PendingOptions,
): Section | undefined => {
  if (pending.length === 0 && !isCancelled) return undefined;
  const title = texts.text("pending.title");
  const button = (id: string, action: "resend" | "cancel", look: string, value: string) => {
    const label = texts.text(`pending.${action}_one`, { address: value });
    const given = { type: "submit", name: "action", value: action, class: look, "aria-label": label };
    return html`<form action="pending-address" method="post"><input type="hidden" name="id" value="${id}">
<input type="hidden" name="back" value="${back}">
<button${attributes(given)}>${texts.text(`pending.${action}`)}</button></form>`;
  };
  return {
    id: "pending-addresses",
    title,
    body: html`<section class="panel" id="pending-addresses" aria-labelledby="section-pending-addresses">
<header><h2 id="section-pending-addresses">${title}</h2><p>${texts.text("pending.about")}</p></header>
${isCancelled && renderNotice("success", html`<p>${texts.text("pending.given_up")}</p>`)}
${
  pending.length > 0 &&
  html`<ul class="rows">${pending.map(
    ({ id, via, value, expires_at: until }) =>
      html`<li><span class="tile">${icon(via === "sms" ? "phone" : "mail")}</span><div class="what">
<strong><bdi>${value}</bdi></strong>
<span class="facts"><span>${texts.rich("pending.until", { time: renderTime(until, texts) })}</span></span></div>
<div class="action">${button(id, "resend", "secondary", value)}${button(id, "cancel", "secondary", value)}</div></li>`,
  )}</ul>`
}
</section>`,
  };
};
