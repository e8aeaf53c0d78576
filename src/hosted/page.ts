import { attributes, type Content, type Html, html } from "./html.ts";
import { icon } from "./icon.ts";
import { languages } from "./language.ts";
import type { Look } from "./look.ts";
import type { Person } from "./person.ts";
import { toneOf } from "./provider-mark.ts";
import { safeUrl } from "./safe-url.ts";
import type { Texts } from "./texts.ts";
import type { WireNode, WireScript } from "./wire.ts";

/** A page to show. */
export interface Page {
  /** Its one `<h1>`, and what stands in the browser's tab. */
  readonly title: string;
  /** Stands below the title. */
  readonly lead?: Content;
  readonly body: Html;
  /** There is a problem, or something was saved: said in the browser's tab as well. */
  readonly mood?: "error" | "saved" | undefined;
  /** The nodes of the form, for the scripts among them. */
  readonly nodes?: readonly WireNode[];
  /** Pages about an account have a head with a menu; the others are a card. */
  readonly account?: Account | undefined;
}

/** Whose page it is. */
export interface Account {
  readonly person: Person;
  readonly signOutUrl: string | undefined;
}

/** What all pages of a visit share. */
export interface Shell {
  readonly texts: Texts;
  readonly look: Look;
  /** The page's own address, relative to the pages. */
  readonly here: string;
  /** In front of every address of the pages; empty for pages that stand beside them. */
  readonly root: string;
}

/** Lays a page out. */
export const layOut = ({ title, lead, body, mood, nodes = [], account }: Page, shell: Shell): Html => {
  const { texts, look, root } = shell;
  const theme = look.theme === "auto" ? undefined : look.theme;
  const tab = mood === undefined ? title : texts.text(`title.${mood}`, { title });
  const heading = html`<h1>${title}</h1>${lead !== undefined && html`<p class="lead">${lead}</p>`}`;
  return html`<!doctype html>
<html${attributes({ lang: texts.language, dir: texts.dir, "data-theme": theme })}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${theme ?? "light dark"}">
<meta name="robots" content="noindex">
<title>${tab} · ${look.name}</title>
<link rel="icon" href="${root}${look.icon.path}">
<link rel="stylesheet" href="${root}${look.style.path}">
${look.css && html`<link rel="stylesheet" href="${root}${look.css.path}">`}
<script type="module" src="${root}${look.script.path}"></script>
</head>
<body class="${account === undefined ? "narrow" : "account"}">
<a class="skip" href="#content">${texts.text("skip")}</a>
${account === undefined ? html`<header class="brand-only">${brand(shell)}</header>` : head(account, shell)}
<main id="content" tabindex="-1">
${
  account === undefined
    ? html`<div class="card">${heading}${body}</div>`
    : html`<div class="intro">${heading}</div>${body}`
}
</main>
${foot(shell)}
${scriptsOf(nodes).map((script) => html`<script${scriptAttributes(script)}></script>`)}
</body>
</html>
`;
};

const brand = ({ look, root }: Shell): Html =>
  html`<a class="brand" href="${root === "" ? "./" : root}">${
    look.logo === undefined
      ? html`${look.mark}<span>${look.name}</span>`
      : html`<img class="logo" src="${root}${look.logo.path}" alt="${look.name}">`
  }</a>`;

const head = ({ person, signOutUrl }: Account, shell: Shell): Html => {
  const { texts, root } = shell;
  return html`<header class="head"><div class="inner">${brand(shell)}
<details class="menu"><summary><span class="hidden">${texts.text("account.menu")}: </span>${avatar(
    person,
  )}<span class="whose">${person.name}</span>${icon("chevron")}</summary>
<div class="sheet"><div class="who">${avatar(person)}<div>
<strong>${person.name}</strong>${person.address !== person.name && html`<bdi>${person.address}</bdi>`}</div></div>
<ul><li><a href="${root === "" ? "./" : root}">${icon("person")}${texts.text("home.title")}</a></li>
<li><a href="${root}settings">${icon("shield")}${texts.text("settings.title")}</a></li>
${signOutUrl !== undefined && html`<li><a href="${signOutUrl}">${icon("leave")}${texts.text("sign_out")}</a></li>`}</ul>
</div></details></div></header>`;
};

/** The letters that stand for a person. */
export const avatar = ({ initials, address }: Person): Html =>
  html`<span class="avatar tone-${toneOf(address)}" aria-hidden="true">${initials}</span>`;

const foot = ({ texts, look, here, root }: Shell): Html => {
  const links = (["help", "privacy", "terms"] as const).flatMap((name) => {
    const url = look.links[name];
    return url === undefined ? [] : [html`<li><a href="${url}">${texts.text(name)}</a></li>`];
  });
  const current = languages.find(({ code }) => code === texts.language);
  return html`<footer class="foot">${links.length > 0 && html`<ul class="legal">${links}</ul>`}
<details class="menu language"><summary>
<span class="hidden">${texts.text("language")}: </span>${icon("globe")}<span>${current?.name}</span>${icon("chevron")}
</summary>
<form class="sheet" action="${root}language" method="post"><input type="hidden" name="back" value="${here}">
<ul>${languages.map(({ code, name, dir }) => {
    const isCurrent = code === texts.language ? "true" : undefined;
    const said = { type: "submit", name: "language", value: code, lang: code, dir, "aria-current": isCurrent };
    return html`<li><button${attributes(said)}>${name}</button></li>`;
  })}</ul></form></details></footer>`;
};

/** The scripts that the methods of a form ask for. */
export const scriptsOf = (nodes: readonly WireNode[]): WireScript[] =>
  nodes.flatMap(({ attributes: given }) =>
    given.node_type === "script" && safeUrl(given.src) !== undefined ? [given] : [],
  );

const scriptAttributes = (script: WireScript): Html =>
  attributes({
    id: script.id,
    src: script.src,
    async: script.async,
    type: script.type,
    integrity: script.integrity || undefined,
    crossorigin: script.crossorigin || undefined,
    referrerpolicy: script.referrerpolicy || undefined,
    nonce: script.nonce || undefined,
  });
