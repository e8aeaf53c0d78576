import { createDecipheriv } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";

const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * Creates the reading of what Ory Kratos encrypted with `secrets.cipher`: hex text of nonce, ciphertext and tag, by
 * XChaCha20-Poly1305 or AES-256-GCM; which of them does not stand in it. Undefined for what none of the secrets opens.
 *
 * @param isClear it was configured to leave everything readable; what is no hex text is readable anyway
 */
export const createSourceCipher = (
  secrets: readonly string[],
  isClear: boolean,
): ((text: string) => string | undefined) => {
  const keys = secrets.map((secret) => Buffer.from(secret)).filter(({ length }) => length === KEY_BYTES);
  const ways = keys.flatMap((key) => [openXchacha(key), openAes(key)]);
  return (text) => {
    if (text.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(text)) return text;
    const bytes = Buffer.from(text, "hex");
    for (const open of ways) {
      const plain = open(bytes);
      if (plain !== undefined) return plain.toString("utf8");
    }
    return isClear ? text : undefined;
  };
};

type Open = (bytes: Buffer) => Buffer | undefined;

const openXchacha =
  (key: Buffer): Open =>
  (bytes) => {
    if (bytes.length < 24 + TAG_BYTES) return undefined;
    try {
      return Buffer.from(xchacha20poly1305(key, bytes.subarray(0, 24)).decrypt(bytes.subarray(24)));
    } catch {
      return undefined;
    }
  };

const openAes =
  (key: Buffer): Open =>
  (bytes) => {
    if (bytes.length < 12 + TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(12, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  };
