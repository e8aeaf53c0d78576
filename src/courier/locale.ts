import type { IncomingHttpHeaders } from "node:http";
import { parseCookie } from "cookie";

/** A language that messages are written in. */
export type MessageLanguage = "en" | "de" | "fr" | "es" | "ja" | "ar";

/** Every language of messages. */
export const messageLanguages: readonly MessageLanguage[] = ["en", "de", "fr", "es", "ja", "ar"];

/** The cookie in which the hosted pages keep the language that a person has chosen there. */
const chosenLanguageCookie = "hosted_language";
const LONGEST = 1_000;

/** The language of messages that a BCP 47 tag asks for; regions are passed over, so that `fr-CA` is `fr`. */
export const findLanguage = (locale: string | undefined): MessageLanguage | undefined => {
  const primary = locale?.trim().split("-", 1)[0]?.toLowerCase();
  return messageLanguages.find((language) => language === primary);
};

/**
 * The language in which the person behind a call is written to: the one that they have chosen on the hosted pages,
 * else the first that their client accepts (RFC 9110, 12.5.4) and that there are messages in, else `en`.
 */
export const localeOf = ({ cookie, "accept-language": accepted }: IncomingHttpHeaders): MessageLanguage =>
  findLanguage(cookie === undefined ? undefined : parseCookie(cookie)[chosenLanguageCookie]) ??
  rangesOf(accepted)
    .map(findLanguage)
    .find((language) => language !== undefined) ??
  "en";

/** Language ranges of a header, the most wanted first. */
const rangesOf = (accepted = ""): string[] =>
  accepted
    .slice(0, LONGEST)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";");
      const quality = parameters
        .map((parameter) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1])
        .find((value) => value !== undefined);
      return { tag, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
