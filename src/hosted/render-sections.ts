import { type ArrangedForm, arrangeForms } from "./arrange-forms.ts";
import { groupTitle } from "./group-title.ts";
import { attributes, type Html, html } from "./html.ts";
import { type PlacedNode, placeNodes, type SaidMessage } from "./place-nodes.ts";
import { formAttributes, idOf, sayMessages } from "./render-forms.ts";
import { isKeyGroup, renderKeys } from "./render-keys.ts";
import { renderFormMessages, renderNotice } from "./render-messages.ts";
import { renderNode } from "./render-node.ts";
import { renderProviders } from "./render-providers.ts";
import { renderUsername } from "./username.ts";
import type { View } from "./view.ts";
import type { WireUi } from "./wire.ts";

/** One part of a page with several: a heading, and what there is to do. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** What the sections of a settings form are rendered with. */
export interface SectionsOptions {
  /** Whose account it is: for password managers, and for what a script keeps. */
  readonly username: string;
  readonly account: string | undefined;
  /** The method that was submitted last, if the API says it. */
  readonly active: string | undefined;
  /** Whether something was saved just now. */
  readonly isSaved: boolean;
  /** Providers that sessions of the person were begun with. */
  readonly usedProviders: readonly string[];
  /** Whether a new password ends other sessions. */
  readonly endsOthers: boolean;
}

/**
 * Renders a settings form as sections, one for each method, each a form of its
 * own with its own messages. What was saved is said in the section it was saved
 * in: the one that the address leads to, or that the API names. `above` is what
 * belongs to no section in particular.
 */
export const renderSections = (
  ui: WireUi,
  view: View,
  options: SectionsOptions,
): { readonly above: Html; readonly sections: readonly Section[] } => {
  const placed = placeNodes(ui.nodes ?? [], view);
  const forms = arrangeForms(placed, "apart");
  const groups = forms.map(groupOf);
  const activeGroup = options.active !== undefined && groups.includes(options.active) ? options.active : undefined;
  const general = sayMessages(ui, view, activeGroup === undefined ? [] : [activeGroup]);
  const errors = general.filter(({ type }) => type === "error");

  const sections = forms.map((arranged): Section => {
    const group = groupOf(arranged);
    const id = idOf(group);
    const title = groupTitle(group, view.texts);
    const nodes = arranged.parts.flatMap((part) => part.nodes);
    const messages = errors.filter(() => group === activeGroup);
    const saved = attributes({ class: group === activeGroup ? "saved here" : "saved", id: `after-${id}` });
    const form = {
      labelledBy: `section-${id}`,
      section: `after-${id}`,
      draft: `settings ${id}`,
      account: options.account,
    };
    return {
      id,
      title,
      body: html`<section class="panel" id="${id}" aria-labelledby="section-${id}">
<header><h2 id="section-${id}">${title}</h2>${aboutOf(group, view, options)}</header>
${renderFormMessages({ messages, nodes, id: `after-${id}` }, view.texts)}
${options.isSaved && html`<div${saved}>${renderNotice("success", html`<p>${savedText(group, ui, view)}</p>`)}</div>`}
<div hidden data-draft-kept>${renderNotice("info", html`<p>${view.texts.text("draft.kept")}</p>`)}</div>
<form${formAttributes(ui, form)}>
${renderUsername(arranged, options.username)}
${renderBody(group, nodes, view, options)}
</form>
</section>`,
    };
  });
  return { above: renderAbove(general, options, activeGroup, view), sections };
};

const groupOf = (form: ArrangedForm): string => {
  const group = form.parts.at(-1)?.group ?? "default";
  return group === "default" ? "profile" : group;
};

const aboutOf = (group: string, view: View, { endsOthers }: SectionsOptions): Html => {
  const about = view.texts.find([`group.${group}.about`]);
  const more = group === "password" && endsOthers ? view.texts.text("group.password.ends_others") : undefined;
  return html`${about !== undefined && html`<p>${about}${more !== undefined && html` ${more}`}</p>`}`;
};

const savedText = (group: string, ui: WireUi, view: View): string => {
  const saved = (ui.messages ?? []).find(({ type }) => type !== "error");
  return saved === undefined
    ? view.texts.text("settings.title")
    : view.texts.message(saved, { pages: view.pages, parts: [group] });
};

/** Entries and what is to be read first, then the buttons in a row of their own. */
const renderBody = (
  group: string,
  nodes: readonly PlacedNode[],
  view: View,
  { usedProviders }: SectionsOptions,
): Html => {
  if (group === "oidc") return renderProviders(nodes, view, usedProviders);
  if (group === "saml") return renderProviders(nodes, view);
  if (isKeyGroup(group)) return renderKeys(group, nodes, view);
  const buttons = nodes.filter(({ part }) => part === "button");
  const entries = nodes.filter(({ part }) => part !== "button");
  return html`<div class="entries">${entries.map((node) => renderNode(node, view))}</div>
${buttons.length > 0 && html`<div class="actions">${buttons.map((node) => renderNode(node, view))}</div>`}`;
};

/**
 * What is not said in a section. That something was saved is hidden again as soon as a section says it, see
 * style-settings.css.
 */
const renderAbove = (
  general: readonly SaidMessage[],
  { isSaved }: SectionsOptions,
  activeGroup: string | undefined,
  view: View,
): Html => {
  const errors = general.filter(({ type }) => type === "error" && activeGroup === undefined);
  const others = general.filter(({ type }) => type !== "error");
  if (!isSaved) return renderFormMessages({ messages: [...errors, ...others], nodes: [] }, view.texts);
  return html`${renderFormMessages({ messages: errors, nodes: [] }, view.texts)}${
    activeGroup === undefined &&
    others.map(({ text }) => html`<div class="saved above">${renderNotice("success", html`<p>${text}</p>`)}</div>`)
  }`;
};
