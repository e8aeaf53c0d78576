/** A language that the pages speak. */
export type Language = "en" | "de" | "fr" | "es" | "ja" | "ar";

/** Every language of the pages, as its own speakers call it, in the order of the menu. */
export const languages: readonly { readonly code: Language; readonly name: string; readonly dir: "ltr" | "rtl" }[] = [
  { code: "en", name: "English", dir: "ltr" },
  { code: "de", name: "Deutsch", dir: "ltr" },
  { code: "fr", name: "Français", dir: "ltr" },
  { code: "es", name: "Español", dir: "ltr" },
  { code: "ja", name: "日本語", dir: "ltr" },
  { code: "ar", name: "العربية", dir: "rtl" },
];

/** The cookie that keeps the language a person has chosen. */
export const languageCookie = "hosted_language";

/** Reads a language of the pages; regions are passed over, so that `fr-CA` is `fr`. */
export const readLanguage = (text: string | undefined): Language | undefined => {
  const primary = text?.trim().split("-", 1)[0]?.toLowerCase();
  return languages.find(({ code }) => code === primary)?.code;
};

/**
 * Chooses the language of a page: the one that the person has chosen, else the
 * first that their browser asks for (RFC 9110, 12.5.4), else English.
 */
export const chooseLanguage = (chosen: string | undefined, acceptLanguage: string | undefined): Language => {
  const asked = (acceptLanguage ?? "")
    .slice(0, 1_000)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";");
      const quality = parameters
        .map((parameter) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1])
        .find((value) => value !== undefined);
      return { language: readLanguage(tag), quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ language, quality }) => language !== undefined && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return readLanguage(chosen) ?? asked[0]?.language ?? "en";
};
