import { attributes, type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import type { PlacedNode } from "./place-nodes.ts";
import { providerMark, providerName } from "./provider-mark.ts";
import { renderNode } from "./render-node.ts";
import { renderTime } from "./render-time.ts";
import type { View } from "./view.ts";
import type { WireInput } from "./wire.ts";

/**
 * Renders the providers of a settings form as a list: what each is called,
 * whether it is connected, since when and as whom if the API says it, and the
 * button that changes that. Other nodes of the group are rendered as usual.
 *
 * @param used providers that sessions of the person were begun with. If one of
 *   them has no button, it is connected and the only sign-in method.
 */
export const renderProviders = (nodes: readonly PlacedNode[], view: View, used: readonly string[] = []): Html => {
  const rows = nodes.flatMap((placed) => {
    const { attributes: given } = placed.node;
    return given.node_type === "input" && isProviderButton(given) ? [{ placed, input: given }] : [];
  });
  const sole = soleProviders(
    rows.map(({ input }) => providerOf(input)),
    used,
  );
  const connected = rows.filter(({ input }) => input.name === "unlink");
  const offered = rows.filter(({ input }) => input.name === "link");
  const others = nodes.filter(
    ({ node }) => !(node.attributes.node_type === "input" && isProviderButton(node.attributes)),
  );
  return html`${others.map((node) => renderNode(node, view))}
<ul class="rows">${sole.map((id) => renderSole(id, view))}${[...connected, ...offered].map(({ placed, input }) =>
    renderRow(placed, input, view),
  )}</ul>`;
};

/** The providers in use that have no button. */
const soleProviders = (offered: readonly string[], used: readonly string[]): readonly string[] =>
  [...new Set(used)].filter((id) => !offered.includes(id));

const renderSole = (id: string, { texts }: View): Html => {
  const name = providerName(id);
  return html`<li><span class="tile">${providerMark(id, name)}</span><div class="what"><strong>${name}</strong>
<span class="facts"><span class="badge good">${icon("check")}${texts.text("link.state.on")}</span></span>
<span class="facts">${texts.text("link.sole")}</span></div></li>`;
};

const isProviderButton = ({ type, name }: WireInput): boolean =>
  type === "submit" && (name === "link" || name === "unlink");

/** One of several accounts of a provider is named `provider:subject`. */
const providerOf = ({ value }: WireInput): string => String(value ?? "").split(":", 1)[0] ?? "";

/** What an account is called: as the provider says it, or by what tells it from the others. */
const accountOf = (context: Readonly<Record<string, unknown>>, input: WireInput): string | undefined => {
  if (typeof context.account === "string") return context.account;
  return String(input.value ?? "").slice(providerOf(input).length + 1) || undefined;
};

const renderRow = (placed: PlacedNode, input: WireInput, view: View): Html => {
  const { texts } = view;
  const context = placed.node.meta?.label?.context ?? {};
  const id = typeof input.value === "string" ? input.value : "";
  const provider = providerOf(input);
  const name = typeof context.provider === "string" ? context.provider : provider;
  const account = accountOf(context, input);
  const isOn = input.name === "unlink";
  const button = attributes({
    type: "submit",
    class: isOn ? "danger" : "secondary",
    id: placed.id,
    name: input.name,
    value: id,
    disabled: input.disabled,
    "aria-label": id === provider ? placed.label : `${placed.label} (${account})`,
  });
  return html`<li><span class="tile">${providerMark(provider, name)}</span>
<div class="what"><strong>${name}</strong>
<span class="facts">${renderState(context, isOn ? account : undefined, isOn, view)}</span></div>
${
  !(isOn && input.disabled === true) &&
  html`<div class="action"><button${button}>${texts.text(isOn ? "link.disconnect" : "link.connect")}</button></div>`
}</li>`;
};

const renderState = (
  context: Readonly<Record<string, unknown>>,
  account: string | undefined,
  isOn: boolean,
  { texts }: View,
): Html => {
  if (!isOn) return html`${texts.text("link.state.off")}`;
  const since =
    typeof context.linked_at === "string"
      ? texts.rich("link.since", { time: renderTime(context.linked_at, texts) })
      : texts.text("link.state.on");
  return html`<span class="badge good">${icon("check")}${
    typeof context.linked_at === "string" ? texts.text("link.state.on") : since
  }</span>${
    account !== undefined && html` <bdi>${account}</bdi>`
  }${typeof context.linked_at === "string" && html` <span>${since}</span>`}`;
};
