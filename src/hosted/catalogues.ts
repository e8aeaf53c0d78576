import type { Language } from "./language.ts";
import ar from "./languages/ar.json" with { type: "json" };
import de from "./languages/de.json" with { type: "json" };
import en from "./languages/en.json" with { type: "json" };
import es from "./languages/es.json" with { type: "json" };
import fr from "./languages/fr.json" with { type: "json" };
import ja from "./languages/ja.json" with { type: "json" };

/**
 * Every text of the pages in one language. Keys that begin with `m.` are the
 * ids of the API's messages (docs/messages.md), alone or followed by where they
 * stand: `m.1070001.settings`. `{name}` stands for a value.
 */
export type Catalogue = Readonly<Record<keyof typeof en, string>>;

/** The keys of the texts that are the pages' own. */
export type TextKey = Exclude<keyof Catalogue, `m.${string}`>;

/** The catalogue of each language. A language that lacks a text does not compile. */
export const catalogues: Readonly<Record<Language, Catalogue>> = { ar, de, en, es, fr, ja };
