import { phoneNumber } from "./phone-number.ts";

const visibleAscii = /^[!-~]*$/;

/**
 * Cleans a text by which people are distinguished: surrounding space, invisible
 * and control characters go; width and compatibility forms are folded; letters
 * become lower case, the same in every locale. Doing it twice changes nothing.
 */
function fold(value: string): string {
  // Of visible ASCII nothing goes, and nothing has another form.
  if (visibleAscii.test(value)) return value.toLowerCase();
  const visible = value.normalize("NFKC").replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, "");
  return visible.toLowerCase().normalize("NFKC").trim();
}

/** An e-mail address as it is stored and compared: lower case throughout. The trait keeps its owner's spelling. */
export const normaliseEmail = (value: string): string => fold(value);

/**
 * An identifier as it is stored and looked up (docs/compatibility.md, rule 23): a phone
 * number in E.164, anything else folded. Registration, settings and login use
 * this one function.
 */
export const normaliseIdentifier = (value: string): string => phoneNumber(value) ?? fold(value);

/**
 * The spellings in which an identifier is looked up: as it is stored, and as it was typed, since those of imported
 * accounts stand as they were there.
 */
export const spellingsOf = (typed: string): readonly string[] => [
  ...new Set([normaliseIdentifier(typed), typed, typed.trim()]),
];

/** An address as it is stored and compared, by the channel that reaches it. */
export const normaliseAddress = (via: string, value: string): string =>
  via === "email" ? normaliseEmail(value) : normaliseIdentifier(value);
