import { type Html, html } from "./html.ts";

/*
 * Drawings in lines, on a grid of 24, in the colour of the text around them.
 * They are ornaments: what they stand for is said in words as well.
 */

const drawings = {
  alert: html`<path d="M12 8v5M12 16.5v.01"/><circle cx="12" cy="12" r="9"/>`,
  check: html`<circle cx="12" cy="12" r="9"/><path d="m8 12.5 2.7 2.7L16 9.8"/>`,
  chevron: html`<path d="m6 9 6 6 6-6"/>`,
  globe: html`<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c5 5.5 5 12.5 0 18M12 3c-5 5.5-5 12.5 0 18"/>`,
  info: html`<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.5v.01"/>`,
  key: html`<circle cx="8" cy="15" r="4.5"/><path d="m11.3 11.7 8.7-8.7M16 7l3 3"/>`,
  laptop: html`<rect x="4" y="4.5" width="16" height="11" rx="1.5"/><path d="M2 19.5h20"/>`,
  leave: html`<path d="M14 4H6v16h8M11 12h10M17.5 8.5 21 12l-3.5 3.5"/>`,
  link: html`<path
  d="M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6L11.5 7M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.6"/>`,
  mail: html`<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m4 7 8 6 8-6"/>`,
  person: html`<circle cx="12" cy="8" r="4"/><path d="M4 20.5c1-4 4-6 8-6s7 2 8 6"/>`,
  phone: html`<rect x="7" y="2.5" width="10" height="19" rx="2"/><path d="M11 18.5h2"/>`,
  shield: html`<path d="M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z"/>`,
} satisfies Record<string, Html>;

/** The name of a drawing. */
export type IconName = keyof typeof drawings;

/** Draws an icon. */
export const icon = (name: IconName): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor"
  stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
  focusable="false">${drawings[name]}</svg>`;
