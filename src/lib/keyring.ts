import { hkdfSync } from "node:crypto";
import { createAead } from "./aead.ts";

/** Seals text into an opaque value for a cookie or a URL, and opens it again. */
export interface TextAead {
  /** Encrypts and authenticates. Letters, digits, `-` and `_` only. */
  seal(plain: string): string;
  /** Undefined for what was not sealed here, or under a key that is gone. */
  open(sealed: string): string | undefined;
}

/** The secrets that protect what is handed to clients, in order of age: the first seals, all open. */
export interface Keyring {
  /** A seal for one purpose; what is sealed for one does not open for another. */
  seal(purpose: string): TextAead;
}

const LEAST = 16;
/** Base64url without the forms that decode to the same bytes but read differently. */
const VALUE = /^[A-Za-z0-9_-]+$/;

/**
 * Creates the keyring from `secrets.cookie`.
 *
 * @throws RangeError when there is none, or one is shorter than 16 characters
 */
export const createKeyring = (secrets: readonly string[]): Keyring => {
  if (secrets.length === 0 || secrets.some((secret) => secret.length < LEAST))
    throw new RangeError(`secrets must have at least ${LEAST} characters`);
  return {
    seal: (purpose) => {
      const keys = secrets.map((secret) =>
        Buffer.from(hkdfSync("sha256", secret, "", `ostiary seal ${purpose}`, 32)).toString("base64"),
      );
      // The one that is native, because a session cookie is opened on every request of a browser.
      const aead = createAead({ algorithm: "aes", keys });
      return {
        seal: (plain) => aead.encrypt(Buffer.from(plain)).toString("base64url"),
        open: (sealed) => (VALUE.test(sealed) ? aead.decrypt(Buffer.from(sealed, "base64url"))?.toString() : undefined),
      };
    },
  };
};
