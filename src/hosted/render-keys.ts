import { attributes, type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { renderNodeMessages } from "./render-messages.ts";
import { renderNode } from "./render-node.ts";
import { renderTime } from "./render-time.ts";
import type { View } from "./view.ts";
import type { WireInput } from "./wire.ts";

/** Whether a group's nodes are keys that a person has, and what adds one. */
export const isKeyGroup = (group: string): group is "passkey" | "webauthn" =>
  group === "passkey" || group === "webauthn";

/**
 * Renders keys of a settings form as a list: what each is called, since when it is there, and whether it is on several
 * devices, if the API says it; then what adds one.
 */
export const renderKeys = (group: "passkey" | "webauthn", nodes: readonly PlacedNode[], view: View): Html => {
  const rows = nodes.flatMap((placed) => {
    const { attributes: given } = placed.node;
    return given.node_type === "input" && given.name === `${group}_remove` ? [{ placed, input: given }] : [];
  });
  const others = nodes.filter((placed) => !rows.some((row) => row.placed === placed));
  const buttons = others.filter(({ part }) => part === "button");
  return html`${
    rows.length > 0 &&
    html`<ul class="rows">${rows.map(({ placed, input }) => renderRow(group, placed, input, view))}</ul>`
  }
<div class="entries">${others.filter(({ part }) => part !== "button").map((node) => renderNode(node, view))}</div>
${buttons.length > 0 && html`<div class="actions">${buttons.map((node) => renderNode(node, view))}</div>`}`;
};

/** What the API says of a key that nobody named. */
const UNNAMED = "unnamed";

const renderRow = (group: "passkey" | "webauthn", placed: PlacedNode, input: WireInput, view: View): Html => {
  const { texts } = view;
  const { display_name: given, added_at: addedAt, backed_up: backedUp } = placed.node.meta?.label?.context ?? {};
  const name = typeof given === "string" && given !== UNNAMED ? given : texts.text(`key.unnamed.${group}`);
  return html`<li><span class="tile">${icon("key")}</span>
<div class="what"><strong><bdi>${name}</bdi></strong>
<span class="facts">${
    typeof addedAt === "string" && html`<span>${texts.rich("key.added", { time: renderTime(addedAt, texts) })}</span>`
  }${
    typeof backedUp === "boolean" && html`<span>${texts.text(backedUp ? "key.backed_up" : "key.not_backed_up")}</span>`
  }</span>${renderNodeMessages(placed)}</div>
<div class="action"><button${attributes({
    type: "submit",
    class: "danger",
    id: placed.id,
    name: input.name,
    value: String(input.value ?? ""),
    disabled: input.disabled,
    "aria-label": placed.label,
  })}>${texts.text("key.remove")}</button></div></li>`;
};
