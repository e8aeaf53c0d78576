import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { forbiddenNames } from "../../lib/forbidden-names.ts";

/** What a provider says of a person, as far as it can be trusted to have the type that its name promises. */
export interface Claims {
  /** Who says it. */
  readonly iss: string;
  /** Whom it is about: with the provider's id, what an account is known by. Never the e-mail address. */
  readonly sub: string;
  /** When the person last proved to the provider who they are, in seconds; undefined when it does not say. */
  readonly authTime: number | undefined;
  /** How they did, in the provider's words. */
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** The other standard claims, under the names that mappers know them by. */
  readonly standard: JsonObject;
  /** Everything as it was sent. */
  readonly raw: JsonObject;
}

type Reader = (value: JsonValue) => JsonValue | undefined;

const text: Reader = (value) => (typeof value === "string" ? value : undefined);
/** Some providers write `"true"`. */
const flag: Reader = (value) =>
  typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : undefined;
/** Seconds; some providers write a date. */
const seconds: Reader = (value) => {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : Math.trunc(parsed / 1000);
};

/** The claims that a mapper finds directly under `claims`, by name, beside `iss` and `sub`. */
const standardClaims: Readonly<Record<string, Reader>> = {
  oid: text,
  name: text,
  given_name: text,
  family_name: text,
  last_name: text,
  middle_name: text,
  nickname: text,
  preferred_username: text,
  username: text,
  profile: text,
  picture: text,
  website: text,
  email: text,
  email_verified: flag,
  gender: text,
  birthdate: text,
  zoneinfo: text,
  locale: text,
  phone_number: text,
  phone_number_verified: flag,
  updated_at: seconds,
  hd: text,
  team: text,
  nonce: text,
  nonce_supported: flag,
};

/** Every name under `claims` in a mapper. */
export const claimNames: ReadonlySet<string> = new Set(["iss", "sub", ...Object.keys(standardClaims), "raw_claims"]);

/** Longest set of claims, in characters of JSON, and deepest. */
const LIMIT = 65_536;
const DEPTH = 12;
/** OpenID Connect Core 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const ISSUER = /^[\x21-\x7e]{1,512}$/;
/**
 * Reads claims. What is of the wrong type is left out of the standard claims,
 * as if it had not been said; a text says what makes all of them unusable.
 */
export const readClaims = (sent: JsonObject): Claims | string => {
  if (JSON.stringify(sent).length > LIMIT) return `the claims are longer than ${LIMIT} characters`;
  const raw = tidy(sent, 0);
  if (raw === undefined) return "the claims are nested too deeply";
  const { iss, sub, auth_time, acr, amr } = raw as JsonObject;
  if (typeof sub !== "string" || !SUBJECT.test(sub))
    return "sub is missing, or is no text of 1 to 255 printable ASCII characters";
  if (typeof iss !== "string" || !ISSUER.test(iss)) return "iss is missing, or is no issuer";
  const standard: Record<string, JsonValue> = {};
  for (const [name, read] of Object.entries(standardClaims)) {
    const value = (raw as JsonObject)[name];
    const known = value === undefined || value === null ? undefined : read(value);
    if (known !== undefined && known !== "") standard[name] = known;
  }
  return {
    iss,
    sub,
    authTime: typeof auth_time === "number" && Number.isFinite(auth_time) ? auth_time : undefined,
    acr: typeof acr === "string" ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((entry) => typeof entry === "string") : [],
    standard,
    raw: raw as JsonObject,
  };
};

/** Claims as mappers see them: `std.extVar('claims')`, or `claims.` in a table of paths. */
export const renderClaims = ({ iss, sub, standard, raw }: Claims): JsonObject => ({
  iss,
  sub,
  ...standard,
  raw_claims: raw,
});

/** Drops names that act on objects. Undefined: too deep. */
const tidy = (value: JsonValue, depth: number): JsonValue | undefined => {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH) return undefined;
  if (Array.isArray(value)) {
    const list = value.map((entry) => tidy(entry, depth + 1));
    return list.some((entry) => entry === undefined) ? undefined : (list as JsonValue[]);
  }
  const tidied: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    if (forbiddenNames.has(key) || member === undefined) continue;
    const known = tidy(member, depth + 1);
    if (known === undefined) return undefined;
    tidied[key] = known;
  }
  return tidied;
};
