import { describeDevice, isHandheld } from "./describe-device.ts";
import { type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import type { Section } from "./render-sections.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import type { WireTrustedDevice } from "./wire.ts";

/** Renders the browsers that stand in for the second factor of a person, each with a button that ends that. */
export const renderTrusted = (
  trusted: readonly WireTrustedDevice[],
  { texts, back }: { readonly texts: Texts; readonly back: string },
): Section => {
  const title = texts.text("trusted.title");
  const row = ({ id, ip_address: address, user_agent: agent = "", expires_at: until }: WireTrustedDevice): Html => {
    const device = describeDevice(agent, texts);
    return html`<li><span class="tile">${icon(isHandheld(agent) ? "phone" : "laptop")}</span>
<div class="what"><strong>${device}</strong>
<span class="facts">${
      address && html`<bdi>${address}</bdi> `
    }<span>${texts.rich("trusted.until", { time: renderTime(until, texts) })}</span></span></div>
<div class="action"><form action="end-session" method="post"><input type="hidden" name="trusted" value="${id}">
<input type="hidden" name="back" value="${back}"><button type="submit" class="secondary"
  aria-label="${texts.text("trusted.end_one", { device })}">${texts.text("trusted.end")}</button></form></div></li>`;
  };
  return {
    id: "trusted",
    title,
    body: html`<section class="panel" id="trusted" aria-labelledby="section-trusted">
<header><h2 id="section-trusted">${title}</h2><p>${texts.text("trusted.about")}</p></header>
<ul class="rows">${trusted.map(row)}</ul>
</section>`,
  };
};
