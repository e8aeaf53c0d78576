import { columnSizes } from "../../db/column-sizes.ts";
import { isEmail } from "../../schema/formats.ts";
import { normaliseEmail } from "../../schema/normalise.ts";
import { phoneNumber } from "../../schema/phone-number.ts";

/** An address that something is sent to, normalised. */
export interface Address {
  readonly via: "email" | "sms";
  readonly value: string;
}

/** Characters that are looked at, before anything is folded. */
const LONGEST = 4 * columnSizes["identity_addresses.value"];

/** Reads an address as it was typed; undefined for what is none. */
export const readAddress = (typed: string, takesPhoneNumbers: boolean): Address | undefined => {
  if (typed.length > LONGEST) return undefined;
  const phone = takesPhoneNumbers ? phoneNumber(typed) : undefined;
  if (phone !== undefined) return { via: "sms", value: phone };
  const email = normaliseEmail(typed);
  return isEmail(email) && email.length <= columnSizes["identity_addresses.value"]
    ? { via: "email", value: email }
    : undefined;
};

/** An address as one text, for what is counted and what secrets are bound to. */
export const addressKey = ({ via, value }: Address): string => `${via}:${value}`;
