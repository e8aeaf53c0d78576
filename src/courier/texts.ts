import ar from "./languages/ar.json" with { type: "json" };
import de from "./languages/de.json" with { type: "json" };
import en from "./languages/en.json" with { type: "json" };
import es from "./languages/es.json" with { type: "json" };
import fr from "./languages/fr.json" with { type: "json" };
import ja from "./languages/ja.json" with { type: "json" };
import type { MessageLanguage } from "./locale.ts";
import { type Direction, withDirection } from "./with-direction.ts";

/** Every text of messages in one language. `{name}` stands for a value. */
type Catalogue = Readonly<Record<keyof typeof en, string>>;

/** The catalogue of each language. A language that lacks a text does not compile. */
const catalogues: Readonly<Record<MessageLanguage, Catalogue>> = { ar, de, en, es, fr, ja };

/** Values for the placeholders of a text. */
export type TextValues = Readonly<Record<string, string | undefined>>;

/** A text in a language; undefined where there is none of this key. */
export const findText = (language: MessageLanguage, key: string, values: TextValues): string | undefined => {
  const catalogue: Readonly<Record<string, string>> = catalogues[language];
  return catalogue[key]?.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    // What makes links of addresses in texts might take the sign behind for a part of it.
    return name === "url" ? value : withDirection(value, directionOf(language));
  });
};

type Unit = "day" | "hour" | "minute";

/** Formats, by language and unit: making one takes longer than all else that a mail is made of. */
const formats = new Map<string, Intl.NumberFormat>();

const formatOf = (language: MessageLanguage, unit: Unit): Intl.NumberFormat => {
  const key = `${language} ${unit}`;
  const format =
    formats.get(key) ?? new Intl.NumberFormat(`${language}-u-nu-latn`, { style: "unit", unit, unitDisplay: "long" });
  formats.set(key, format);
  return format;
};

/** How long something takes, in words of a language: `10 minutes`, `2 Stunden`. Digits are the Latin ones. */
export const durationText = (language: MessageLanguage, minutes: number): string => {
  const [unit, count] =
    minutes > 0 && minutes % 1440 === 0
      ? (["day", minutes / 1440] as const)
      : minutes > 0 && minutes % 60 === 0
        ? (["hour", minutes / 60] as const)
        : (["minute", minutes] as const);
  return formatOf(language, unit).format(count);
};

/** Which way a language is written. */
export const directionOf = (language: MessageLanguage): Direction => (language === "ar" ? "rtl" : "ltr");
