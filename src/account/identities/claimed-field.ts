import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { IdentityRecord } from "../../identity/identity.ts";
import { normaliseEmail, normaliseIdentifier } from "../../schema/normalise.ts";

/** The field of a document that somebody's claim comes from: `traits.email`, `external_id`, `credentials.oidc`. */
export const claimedField = ({ traits }: Pick<IdentityRecord, "traits">, claim: string): string => {
  const [kind = "", ...rest] = claim.split("\0");
  if (kind === "external_id") return kind;
  const value = rest.at(-1) ?? "";
  return pathOf(traits, value, "traits") ?? (rest.length === 1 ? `credentials.${kind}` : "traits");
};

const pathOf = (within: JsonObject | readonly JsonValue[], wanted: string, at: string): string | undefined => {
  for (const [name, value] of Object.entries(within) as [string, JsonValue][]) {
    const path = `${at}.${name}`;
    if (typeof value === "string" && [value, normaliseIdentifier(value), normaliseEmail(value)].includes(wanted))
      return path;
    const inside = typeof value === "object" && value !== null ? pathOf(value, wanted, path) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
};
