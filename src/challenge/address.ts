import { columnSizes } from "../db/column-sizes.ts";
import type { Address } from "../schema/addresses.ts";
import { isEmail } from "../schema/formats.ts";
import { normaliseEmail } from "../schema/normalise.ts";
import { phoneNumber } from "../schema/phone-number.ts";

/** Characters that are looked at, before anything is folded. */
const LONGEST = 4 * columnSizes["identity_addresses.value"];

/** Reads an address as it was submitted; undefined for what is none. */
export const readAddress = (submitted: string, takesPhoneNumbers: boolean): Address | undefined => {
  if (submitted.length > LONGEST) return undefined;
  const phone = takesPhoneNumbers ? phoneNumber(submitted) : undefined;
  if (phone !== undefined) return { via: "sms", value: phone };
  const email = normaliseEmail(submitted);
  return isEmail(email) && email.length <= columnSizes["identity_addresses.value"]
    ? { via: "email", value: email }
    : undefined;
};

/** An address as one text: what is counted for it, in whatever flow, and what secrets are bound to. */
export const addressKey = ({ via, value }: Address): string => `${via}:${value}`;
