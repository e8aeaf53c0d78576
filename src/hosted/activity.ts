import type { Api } from "./api.ts";
import { describeDevice } from "./describe-device.ts";
import { type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import { providerName } from "./provider-mark.ts";
import type { Section } from "./render-sections.ts";
import { renderTime } from "./render-time.ts";
import type { Texts } from "./texts.ts";
import type { WireActivity } from "./wire.ts";

/** How many entries are shown. */
const MOST = 10;

/** Asks what happened to the account; undefined for who is not signed in, or not far enough. */
export const findActivity = async (api: Api): Promise<readonly WireActivity[] | undefined> => {
  const answer = await api.get<{ readonly activity?: readonly WireActivity[] }>(`/account/activity?page_size=${MOST}`);
  return answer.kind === "ok" && Array.isArray(answer.body.activity) ? answer.body.activity : undefined;
};

/** What each type of event is called, by the beginning of its name: the first that fits. */
const names = [
  ["login.succeeded", "activity.signed_in"],
  ["login.", "activity.sign_in_refused"],
  ["registration.", "activity.signed_up"],
  ["session.reauthenticated", "activity.confirmed"],
  ["session.ended", "activity.signed_out"],
  ["password.", "activity.password"],
  ["identifiers.", "activity.details"],
  ["profile.", "activity.details"],
  ["identity.", "activity.account"],
  ["provider.linked", "activity.provider_linked"],
  ["provider.unlinked", "activity.provider_unlinked"],
  ["account.recovered", "activity.recovered"],
  ["recovery.", "activity.recovery"],
  ["account.exported", "activity.exported"],
  ["account.merged", "activity.merged"],
  ["invitation.accepted", "activity.invitation_accepted"],
  ["invitation.", "activity.invited"],
  ["deletion.requested", "activity.deletion_requested"],
  ["deletion.cancelled", "activity.deletion_cancelled"],
  ["address.verified", "activity.verified"],
  ["address.changed", "activity.address_changed"],
  ["address.change_requested", "activity.address_requested"],
  ["address.change_cancelled", "activity.address_cancelled"],
  ["address.change_undone", "activity.address_undone"],
  ["verification.", "activity.verification"],
  ["device.trusted", "activity.trusted"],
  ["device.untrusted", "activity.untrusted"],
] as const;

const nameOf = (type: string) => {
  const [, name] = names.find(([start]) => type.startsWith(start)) ?? [];
  if (name !== undefined) return name;
  if (type.endsWith(".added") || type.endsWith(".changed")) return "activity.factor_added";
  return type.endsWith(".removed") || type.endsWith(".deleted") ? "activity.factor_removed" : "activity.other";
};

/** Renders what happened to the account, the newest first. */
export const renderActivity = (activity: readonly WireActivity[], texts: Texts): Section => {
  const title = texts.text("activity.title");
  const row = (entry: WireActivity): Html => {
    const { provider, refused, by_operator: byOperator, remote_address: address, user_agent: agent } = entry;
    return html`<li><span class="tile">${icon(refused ? "alert" : "check")}</span>
<div class="what"><strong>${texts.text(nameOf(entry.type))}</strong>${
      refused && html` <span class="badge">${texts.text("activity.refused")}</span>`
    }${byOperator && html` <span class="badge">${texts.text("activity.by_operator")}</span>`}
<span class="facts">${provider && html`<span>${providerName(provider)}</span> `}${
      address && html`<bdi>${address}</bdi> `
    }${
      agent && html`<span>${describeDevice(agent, texts)}</span> `
    }<span>${renderTime(entry.time, texts)}</span></span></div>
</li>`;
  };
  return {
    id: "activity",
    title,
    body: html`<section class="panel" id="activity" aria-labelledby="section-activity">
<header><h2 id="section-activity">${title}</h2><p>${texts.text("activity.about")}</p></header>
<ul class="rows">${activity.map(row)}</ul>
</section>`,
  };
};
