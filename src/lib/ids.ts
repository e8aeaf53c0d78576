import { randomUUID } from "node:crypto";
import { randomBytes } from "./random-bytes.ts";

/**
 * Ids and tokens. An id is a UUID: text in lower case outside, 16 bytes in the
 * database. Nothing here is a secret but what `randomToken` makes.
 */

/** Where the two digits of each byte stand in the text of a UUID. */
const DIGITS_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
/** The value of each ASCII character as a hex digit; -1: it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase()),
);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** The largest multiple of 62 that fits a byte: what lies above it would favour the first letters. */
const FAIR = 248;

/** Makes a random id (UUID v4), for what a stranger must not guess. */
export const uuid4 = (): string => randomUUID();

/** Makes an id that sorts by time (UUID v7, RFC 9562), for the keys of rows. */
export const uuid7 = (now: Date): string => {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuidText(bytes);
};

/**
 * Reads a UUID in its one usual form (8-4-4-4-12 hex digits); undefined if it is anything else. By hand, because each
 * request reads several: it takes a quarter of the time of a pattern and a conversion.
 */
export const parseUuid = (text: string): Buffer | undefined => {
  if (text.length !== 36 || text[8] !== "-" || text[13] !== "-" || text[18] !== "-" || text[23] !== "-")
    return undefined;
  const bytes = Buffer.allocUnsafe(16);
  for (let index = 0; index < 16; index++) {
    const at = DIGITS_AT[index] ?? 0;
    const byte = (digitAt(text, at) << 4) | digitAt(text, at + 1);
    if (byte < 0) return undefined;
    bytes[index] = byte;
  }
  return bytes;
};

const digitAt = (text: string, at: number): number => DIGITS[text.charCodeAt(at)] ?? -1;

/**
 * Turns an id of our own into the 16 bytes of its column.
 *
 * @throws TypeError when it is none: use `parseUuid` for what others send
 */
export const uuidBytes = (text: string): Buffer => {
  const bytes = parseUuid(text);
  if (bytes === undefined) throw new TypeError("not a UUID");
  return bytes;
};

/** Turns the 16 bytes of a column into the id's text, lower case. */
export const uuidText = (bytes: Uint8Array): string => {
  if (bytes.length !== 16) throw new TypeError("a UUID has 16 bytes");
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Makes a secret of letters and digits, each as likely as the other: 32 of them carry 190 bits. */
export const randomToken = (length = 32): string => {
  let token = "";
  while (token.length < length) {
    for (const byte of randomBytes(length + 8)) {
      if (byte < FAIR && token.length < length) token += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return token;
};
