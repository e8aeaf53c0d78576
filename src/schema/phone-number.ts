import { createRequire } from "node:module";
import type * as Library from "libphonenumber-js/min";

// Loaded with the first number: its tables take more memory than the rest of this folder, and most
// schemas know no phone numbers.
const require = createRequire(import.meta.url);
let library: typeof Library | undefined;

function parse(value: string): Library.PhoneNumber | undefined {
  if (!/^\+[\d\s()./-]{3,40}$/.test(value)) return undefined;
  library ??= require("libphonenumber-js/min") as typeof Library;
  return library.parsePhoneNumberFromString(value, { extract: false });
}

/** Whether a text is an international phone number (`+49 176 42000001`) of a range that is in use. */
export const isPhoneNumber = (value: string): boolean => parse(value)?.isValid() === true;

/** An international phone number in E.164 (`+4917642000001`); undefined for what is none. */
export function phoneNumber(value: string): string | undefined {
  const number = parse(value.normalize("NFKC").trim());
  return number?.isPossible() ? number.number : undefined;
}
