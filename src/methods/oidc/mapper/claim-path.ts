import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { claimNames } from "../claims.ts";

/**
 * Where a claim is: `claims.email`, `claims.raw_claims.address.country`,
 * `claims.raw_claims["https://example.com/plan"]`.
 */
export type ClaimPath = readonly string[];

const STEP = /^(?:\.([A-Za-z_][A-Za-z0-9_]*)|\["((?:[^"\\]|\\["\\])+)"\])/;

/**
 * Reads a path. A text says what is wrong with it, naming the path. The first
 * step must be a claim that exists: a typing error is found at the start of the
 * server, not at the first sign-in.
 */
export const readClaimPath = (text: string): ClaimPath | string => {
  if (!text.startsWith("claims.")) return `${JSON.stringify(text)} must begin with claims.`;
  const path: string[] = [];
  let rest = text.slice("claims".length);
  while (rest !== "") {
    const step = STEP.exec(rest);
    const name = step?.[1] ?? step?.[2]?.replace(/\\(["\\])/g, "$1");
    if (!step || name === undefined) return `${JSON.stringify(text)} cannot be read from ${JSON.stringify(rest)} on`;
    path.push(name);
    rest = rest.slice(step[0].length);
  }
  const [first = ""] = path;
  if (!claimNames.has(first))
    return `${JSON.stringify(text)} names no claim: what is no standard claim is under claims.raw_claims`;
  if (path.length > 1 && first !== "raw_claims")
    return `${JSON.stringify(text)} goes into claims.${first}, which is no object`;
  return path;
};

/** The value there; undefined when there is none. */
export const claimAt = (claims: JsonObject, path: ClaimPath): JsonValue | undefined => {
  let value: JsonValue | undefined = claims;
  for (const step of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = value[step];
  }
  return value ?? undefined;
};
