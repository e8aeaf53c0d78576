import { type Html, html } from "./html.ts";
import { spellOut } from "./label-of.ts";

/*
 * The marks by which people know the providers again, drawn here in plain
 * shapes on a grid of 24. The signs are their owners'; a provider without one
 * here shows its first letter.
 */

const marks: Readonly<Record<string, Html>> = {
  google: html`<g fill="none" stroke-width="4"><path stroke="#ea4335" d="M4.64 7.75A8.5 8.5 0 0 1 18 6"/>
<path stroke="#fbbc05" d="M4.64 16.25a8.5 8.5 0 0 1 0-8.5"/><path stroke="#34a853" d="M18 18a8.5 8.5 0 0 1-13.36-1.75"/>
<path stroke="#4285f4" d="M12 12h8.5A8.5 8.5 0 0 1 18 18"/></g>`,
  microsoft: html`<path fill="#f25022" d="M2 2h9.5v9.5H2z"/><path fill="#7fba00" d="M12.5 2H22v9.5h-9.5z"/>
<path fill="#00a4ef" d="M2 12.5h9.5V22H2z"/><path fill="#ffb900" d="M12.5 12.5H22V22h-9.5z"/>`,
  github: html`<path fill="currentColor"
  d="M12 1a11 11 0 0 0-3.5 21.4c.6.1.8-.2.8-.5v-2.1
  c-3 .6-3.7-1.3-3.9-2-.2-.4-.7-1-1.2-1.4-.4-.2-.5-.6 0-.7.9 0 1.6.8 1.9 1.3.9 1.5 2.3 1.1
  3.3.8.1-.6.4-1.1.7-1.4-2.5-.4-4.9-1.5-4.9-5.4 0-1.2.4-2.2 1.1-3-.1-.3-.5-1.5.1-3 0 0 1-.3 3.1 1.2a10 10 0 0 1 5.2
  0c2.1-1.5 3.1-1.2 3.1-1.2.6 1.5.2 2.7.1 3 .7.8 1.1 1.8 1.1 3 0 3.9-2.5 5-4.9 5.3.4.4.7 1.1.7 2.1v3.5c0
  .3.2.6.8.5A11 11 0 0 0 12 1z"/>`,
  apple: html`<path fill="currentColor"
  d="M15.5 1.5c.1 1.2-.3 2.3-1 3.1-.7.9-1.7 1.4-2.7 1.3-.1-1.1.4-2.2 1-3 .7-.8 1.8-1.4 2.7-1.4zM19.5 17
  c-.8 1.8-2.2 4.6-4 4.6-1.2 0-1.7-.7-3.2-.7s-2 .7-3.2.7C6.6 21.6 4 16.7 4 12.8
  c0-3.7 2.4-5.7 4.7-5.7 1.5 0 2.5.9 3.5.9s2.2-1 4-1c1 0 2.6.4 3.6 1.9-3.3 2-2.7 6.8-.3 8.1z"/>`,
  facebook: html`<circle cx="12" cy="12" r="11" fill="#1877f2"/>
<path fill="#fff" d="M13.4 23v-8.3h2.9l.5-3.3h-3.4V9.3c0-1 .4-1.7 1.8-1.7h1.7V4.7
  c-.8-.1-1.5-.2-2.3-.2-2.6 0-4.3 1.6-4.3 4.3v2.6H7.4v3.3h2.9V23z"/>`,
  gitlab: html`<path fill="#e24329" d="M12 22 8 10h8z"/><path fill="#fc6d26" d="M12 22 8 10H2.3zM12 22l4-12h5.7z"/>
<path fill="#fca326" d="M2.3 10 1 13.5c-.1.4 0 .8.4 1L12 22zM21.7 10l1.3 3.5c.1.4 0 .8-.4 1L12 22z"/>
<path fill="#e24329" d="M2.3 10 4.7 3c.1-.4.7-.4.8 0L8 10zM21.7 10l-2.4-7c-.1-.4-.7-.4-.8 0L16 10z"/>`,
  linkedin: html`<rect x="1.5" y="1.5" width="21" height="21" rx="3" fill="#0a66c2"/>
<path fill="#fff" d="M5 9.5h3V19H5zM10 9.5h2.9v1.3c.6-1 1.6-1.6 3-1.6 2.4 0 3.6 1.5 3.6 4.2V19h-3v-5.2
  c0-1.4-.5-2.1-1.6-2.1s-1.9.8-1.9 2.2V19h-3z"/><circle cx="6.5" cy="6.5" r="1.75" fill="#fff"/>`,
  slack: html`<g fill="none" stroke-width="4" stroke-linecap="round"><path stroke="#36c5f0" d="M4 9h5M9 4v.01"/>
<path stroke="#2eb67d" d="M15 4v5M20 9h.01"/><path stroke="#ecb22e" d="M15 15h5M15 20v.01"/>
<path stroke="#e01e5a" d="M9 15v5M4 15h.01"/></g>`,
  discord: html`<path fill="#5865f2"
  d="M19.5 5A18 18 0 0 0 15 3.5l-.6 1.2a17 17 0 0 0-4.8 0L9 3.5A18 18 0 0 0 4.5 5C1.8 9 1 13 1.3 17
  A18 18 0 0 0 6.8 20l1.2-1.9-1.9-.9.5-.4a13 13 0 0 0 10.8 0l.5.4-1.9.9 1.2 1.9a18 18 0 0 0 5.5-3
  c.4-4.6-.8-8.5-3.2-12z"/><circle cx="8.3" cy="12.4" r="2" fill="#fff"/>
<circle cx="15.7" cy="12.4" r="2" fill="#fff"/>`,
  spotify: html`<circle cx="12" cy="12" r="11" fill="#1ed760"/><g fill="none" stroke="#111" stroke-linecap="round">
<path stroke-width="2.2" d="M5.5 8.7c4.5-1.3 9.5-.8 13.5 1.5"/>
<path stroke-width="1.9" d="M6.3 12.3c3.9-1.1 8-.6 11.3 1.4"/>
<path stroke-width="1.6" d="M7 15.7c3.2-.8 6.5-.4 9.2 1.2"/></g>`,
  x: html`<path fill="none" stroke="currentColor" stroke-width="2.4" d="m4 3.5 16 17M20 3.5 4 20.5"/>`,
};

/** Names under which the same provider goes. */
const others: Readonly<Record<string, string>> = {
  azure: "microsoft",
  entra: "microsoft",
  office: "microsoft",
  twitter: "x",
  meta: "facebook",
};

/** How a provider is called that is known by its id alone. */
export const providerName = (id: string): string => names[id.toLowerCase()] ?? spellOut(id);

const names: Readonly<Record<string, string>> = {
  github: "GitHub",
  gitlab: "GitLab",
  linkedin: "LinkedIn",
  netid: "netID",
  x: "X",
};

/** Draws the mark of a provider, known by its id or by its label. */
export const providerMark = (id: string | undefined, label: string): Html => {
  const words = [id ?? "", label]
    .flatMap((text) => text.toLowerCase().split(/[^a-z0-9]+/))
    .filter((name) => name !== "");
  const drawn = words.map((name) => marks[others[name] ?? name]).find((mark) => mark !== undefined);
  if (drawn !== undefined)
    return html`<svg class="mark" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"
  focusable="false">${drawn}</svg>`;
  const [letter = "?"] = label.trim();
  return html`<span class="mark letter tone-${toneOf(label)}" aria-hidden="true">${letter.toUpperCase()}</span>`;
};

/** One of six colours, always the same for the same name. */
export const toneOf = (name: string): number =>
  [...name].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973, 7) % 6;
