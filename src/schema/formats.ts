import { domainToASCII } from "node:url";
import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { normaliseEmail } from "./normalise.ts";
import { compilePattern } from "./pattern.ts";
import { isPhoneNumber } from "./phone-number.ts";

// No character stands in two places of these expressions, so that none of them backtracks.
const atoms = /^[^\s\p{C}@"(),:;<>[\\\].]+(?:\.[^\s\p{C}@"(),:;<>[\\\].]+)*$/u;
const quoted = /^"(?:[^"\\\p{C}]|\\[^\p{C}])*"$/u;
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const looseLocal = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~.-]+$/u;
const blank = /[\s\p{C}]/u;

const isHostname = (value: string): boolean =>
  value.length <= 253 && value.split(".").every((part) => part.length <= 63 && label.test(part));

/** Whether a text is an e-mail address (RFC 5322 §3.4.1, without a display name or comments). */
export function isEmail(value: string): boolean {
  if (Buffer.byteLength(value) > 254) return false;
  const at = value.lastIndexOf("@");
  const local = value.slice(0, at);
  return (
    at > 0 &&
    Buffer.byteLength(local) <= 64 &&
    (atoms.test(local) || quoted.test(local)) &&
    isHostname(value.slice(at + 1))
  );
}

/** Whether a text is an e-mail address, and so is what it is stored and written to as. */
const isStorableEmail = (value: string): boolean => {
  if (!isEmail(value)) return false;
  const stored = normaliseEmail(value);
  return stored === value || isEmail(stored);
};

/** Whether a text is an e-mail address with a local part that RFC 5322 does not allow. */
export function isLooseEmail(value: string): boolean {
  const at = value.lastIndexOf("@");
  return (
    at > 0 &&
    value.length <= 320 &&
    looseLocal.test(value.slice(0, at)) &&
    isHostname(domainToASCII(value.slice(at + 1)))
  );
}

const isUriReference = (value: string): boolean => !blank.test(value) && URL.canParse(value, "http://localhost/");
const isUri = (value: string): boolean =>
  /^[a-z][a-z0-9+.-]*:/i.test(value) && !blank.test(value) && URL.canParse(value);

function isPattern(value: string): boolean {
  try {
    compilePattern(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * What `format` means: draft-07 as ajv has it, with the additions of identity
 * schemas (docs/compatibility.md, rule 22), and our own where ajv's expression could run away
 * or refuses what Ory Kratos stores.
 */
export const formats: Readonly<Record<string, Format>> = {
  ...fullFormats,
  email: isStorableEmail,
  email_loose: isLooseEmail,
  tel: isPhoneNumber,
  "no-validate": true,
  hostname: (value: string) => isHostname(value.replace(/\.$/, "")),
  "ip-address": fullFormats.ipv4,
  uri: isUri,
  iri: isUri,
  url: isUri,
  "uri-reference": isUriReference,
  "iri-reference": isUriReference,
  regex: isPattern,
};
