import type { AccountConfig } from "../../config/account-config.ts";
import { serviceError } from "../../errors/service-error.ts";
import { parseDuration } from "../../lib/duration.ts";

/** Milliseconds. */
const A_YEAR = 31_536_000_000;

/** When a link expires that is sent now. @throws INVALID_FIELD */
export const expiryOf = (text: string, { lifespan }: AccountConfig["invitation"], now: Date): Date => {
  const wanted = text === "" ? lifespan : parseDuration(text);
  if (wanted !== undefined && wanted > 0 && wanted <= A_YEAR) return new Date(now.getTime() + wanted);
  throw serviceError("INVALID_FIELD", {
    field: "expires_in",
    explain: "The field expires_in must be a positive duration such as 72h, of a year at most.",
  });
};
