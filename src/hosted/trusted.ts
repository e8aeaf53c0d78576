import { describeDevice, isHandheld } from "./describe-device.ts";
import { type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import type { WireTrustedDevice } from "./wire.ts";

/** Renders the browsers that stand in for the second factor of a person, each with a button that ends that. */
export const renderTrusted = (
  trusted: readonly WireTrustedDevice[],
  { texts, back }: { readonly texts: Texts; readonly back: string },
): Html => {
  const row = ({ id, ip_address: address, user_agent: agent = "", expires_at: until }: WireTrustedDevice): Html => {
    const device = describeDevice(agent, texts);
    return html`<li><span class="tile">${icon(isHandheld(agent) ? "phone" : "laptop")}</span>
<div class="what"><strong>${device}</strong>
<span class="facts">${address && html`<bdi>${address}</bdi> `}<span>${texts.rich("trusted.until", { time: renderTime(until, texts) })}</span></span></div>
<div class="action"><form action="end-session" method="post"><input type="hidden" name="trusted" value="${id}"><input type="hidden" name="back" value="${back}"><button type="submit" class="secondary" aria-label="${texts.text("trusted.end_one", { device })}">${texts.text("trusted.end")}</button></form></div></li>`;
  };
  return html`<h3 id="section-trusted">${texts.text("trusted.title")}</h3>
<p class="hint">${texts.text("trusted.about")}</p>
<ul class="rows" aria-labelledby="section-trusted">${trusted.map(row)}</ul>`;
};
