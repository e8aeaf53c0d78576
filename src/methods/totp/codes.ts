import { Secret, TOTP } from "otpauth";
import { cutText } from "../../lib/cut-text.ts";

/** Seconds that a code is shown, and its digits: what every app assumes (RFC 6238, section 4.1). */
const period = 30;
const digits = 6;
/** How many steps a clock may be behind or ahead (RFC 6238, section 5.2). */
const skew = 1;
/** As long as the HMAC's output (RFC 4226, section 4, R6). */
const secretBytes = 20;

const parameters = { algorithm: "SHA1", digits, period } as const;

/** Makes a shared secret: 20 random bytes in base32. */
export const newTotpSecret = (): string => new Secret({ size: secretBytes }).base32;

/** UTF-16 units of each name in a URL: with twice the issuer, at nine bytes a unit, a QR code holds them all. */
const longestName = 64;

/** The `otpauth://` URL by which apps take over a secret. Long names are cut: apps show the beginning alone. */
export const totpUrl = (issuer: string, account: string, secret: string): string =>
  new TOTP({
    ...parameters,
    issuer: cutText(issuer, longestName),
    label: cutText(account, longestName),
    secret: Secret.fromBase32(secret),
  }).toString();

/**
 * A code as it was typed, or sent as a number: digits of any script, without
 * spaces and hyphens, with the zeros at its beginning that a number loses. What has
 * anything else in it stays what it is, and is no code.
 */
export const readCode = (typed: string): string => {
  const plain = typed
    .normalize("NFKC")
    .replaceAll(/[\s\p{Pd}]/gu, "")
    .replaceAll(/[٠-٩۰-۹]/gu, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf));
  return /^\d+$/.test(plain) ? plain.padStart(digits, "0") : plain;
};

/** The time step of which this is the code, at most one away from now; undefined when it is of none. */
export const timeStepOf = (secret: string, code: string, now: Date): number | undefined => {
  if (code.length !== digits) return undefined;
  const totp = new TOTP({ ...parameters, secret: Secret.fromBase32(secret) });
  const timestamp = now.getTime();
  const delta = totp.validate({ token: code, timestamp, window: skew });
  return delta === null ? undefined : totp.counter({ timestamp }) + delta;
};
