/*
 * HTML as text, made with a tagged template that escapes whatever is put into
 * it. Only what the template itself made goes in as it is; there is no way to
 * mark other text as safe.
 */

const markup = Symbol("markup");

/** Text that is HTML. Nothing that was parsed from JSON can pass for it. */
export interface Html {
  readonly [markup]: string;
}

/** What a template takes. `false`, `null` and `undefined` print nothing, so that `condition && html…` reads well. */
export type Content = Html | string | number | false | null | undefined | readonly Content[];

/** The values of attributes: `true` prints the bare name; `false` and `undefined` leave it out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

const print = (content: Content): string => {
  if (content === false || content === null || content === undefined) return "";
  if (typeof content === "string") return escapeText(content);
  if (typeof content === "number") return String(content);
  if (markup in content) return content[markup];
  return content.map(print).join("");
};

/**
 * Makes HTML. Every value is escaped unless it is HTML already:
 *
 * ```ts
 * html`<p title="${title}">${name} ${isNew && html`<em>new</em>`}</p>`
 * ```
 *
 * Values may stand in text and in quoted attributes, nowhere else.
 */
export const html = (strings: TemplateStringsArray, ...values: readonly Content[]): Html => ({
  [markup]: strings.reduce((text, string, at) => text + print(values[at - 1]) + string),
});

/** Makes the attributes of an element, each with a space before it. Names that HTML could not read are left out. */
export const attributes = (given: Attributes): Html => ({
  [markup]: Object.entries(given)
    .filter(([name, value]) => value !== undefined && value !== false && /^[a-z][\w.-]*$/i.test(name))
    .map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${escapeText(String(value))}"`))
    .join(""),
});

/** The text of a piece of HTML, to be sent. */
export const htmlText = (piece: Html): string => piece[markup];
