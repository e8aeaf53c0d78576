import { parseDuration } from "../lib/duration.ts";
import { serviceError } from "./service-error.ts";

/** Milliseconds that a code or link lives at most whose lifespan a request names: a year. */
export const LONGEST_LIFESPAN = 31_536_000_000;

/**
 * The lifespan in the field `expires_in` of a request.
 *
 * @param text as Go writes durations: `1h30m`
 * @param example a usual one, for the error
 * @returns milliseconds
 * @throws INVALID_FIELD
 */
export const mustBeLifespan = (text: string, example: string): number => {
  const lifespan = parseDuration(text);
  if (lifespan !== undefined && lifespan > 0 && lifespan <= LONGEST_LIFESPAN) return lifespan;
  throw serviceError("INVALID_FIELD", {
    field: "expires_in",
    explain: `The field expires_in must be a positive duration such as ${example}, of a year at most.`,
  });
};
