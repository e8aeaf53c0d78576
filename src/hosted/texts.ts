import { catalogues, type TextKey } from "./catalogues.ts";
import { type Content, type Html, html } from "./html.ts";
import { type Language, languages } from "./language.ts";
import { findReason } from "./reasons.ts";
import type { WireText } from "./wire.ts";

/** Where a message of the API stands, the most telling first: `["settings", "password"]`. */
export interface Place {
  /** The page, and what it is a kind of. */
  readonly pages: readonly string[];
  /** The kind of field, and the method. */
  readonly parts: readonly string[];
}

/** Values for the placeholders of a text. */
export type Values = Readonly<Record<string, string | number | undefined>>;

/** The texts of the pages in one language. */
export interface Texts {
  readonly language: Language;
  readonly dir: "ltr" | "rtl";
  /** One of the pages' own texts. */
  text(key: TextKey, values?: Values): string;
  /** The same with HTML for values. */
  rich(key: TextKey, values: Readonly<Record<string, Content>>): Html;
  /** The first of these keys that there is a text for. */
  find(keys: readonly string[], values?: Values): string | undefined;
  /**
   * A message of the API in the words of the page it stands on. One that the catalogue does not know is as the API
   * says it.
   */
  message(message: WireText, place: Place): string;
  /** A moment as it is said here, in UTC, which the page says as well: a script makes it the reader's own time. */
  instant(iso: string): string;
}

const made = new Map<Language, Texts>();

/** The texts of a language, made once. */
export const textsOf = (language: Language): Texts => {
  const known = made.get(language);
  if (known !== undefined) return known;
  const texts = createTexts(language);
  made.set(language, texts);
  return texts;
};

const createTexts = (language: Language): Texts => {
  const catalogue: Readonly<Record<string, string>> = catalogues[language];
  const dir = languages.find(({ code }) => code === language)?.dir ?? "ltr";
  const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const find: Texts["find"] = (keys, values = {}) => {
    const key = keys.find((candidate) => Object.hasOwn(catalogue, candidate));
    return key === undefined ? undefined : fill(catalogue[key] ?? "", values);
  };

  return {
    language,
    dir,
    find,
    text: (key, values) => find([key], values) ?? key,
    rich: (key, values) => {
      const parts = (catalogue[key] ?? "").split(/\{(\w+)\}/);
      return html`${parts.map((part, at) => (at % 2 === 0 ? part : values[part]))}`;
    },
    message: (message, { pages, parts }) => {
      const reason = findReason(message);
      if (reason !== undefined && Object.hasOwn(catalogue, reason)) return catalogue[reason] ?? "";
      return find(keysOf(message.id, pages, parts), valuesOf(message.context)) ?? message.text;
    },
    instant: (iso) => {
      const at = new Date(iso);
      return Number.isNaN(at.getTime()) ? iso : `${format.format(at)} UTC`;
    },
  };
};

/** From the most telling to the bare id. */
const keysOf = (id: number, pages: readonly string[], parts: readonly string[]): string[] => [
  ...pages.flatMap((page) => parts.map((part) => `m.${id}.${page}.${part}`)),
  ...pages.map((page) => `m.${id}.${page}`),
  ...parts.map((part) => `m.${id}.${part}`),
  `m.${id}`,
];

const fill = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));

/** What of a message's context a text can say. */
const valuesOf = (context: WireText["context"] = {}): Values =>
  Object.fromEntries(
    Object.entries(context).map(([name, value]) => [
      name,
      typeof value === "string" || typeof value === "number" ? value : wording(value),
    ]),
  );

const wording = (value: unknown): string =>
  value === undefined || value === null ? "" : Array.isArray(value) ? value.map(wording).join(", ") : String(value);
