import { sha256 } from "./digest.ts";
import { randomBytes } from "./random-bytes.ts";

/** A new API key. The key itself is shown once; a configuration holds the digest. */
export interface NewApiKey {
  readonly key: string;
  readonly digest: string;
}

const prefix = "ostiary_key_";

/** Makes a key of 256 random bits: nobody guesses it, so that a plain hash hides it. */
export const createApiKey = (): NewApiKey => {
  const key = `${prefix}${randomBytes(32).toString("base64url")}`;
  return { key, digest: apiKeyDigest(key) };
};

/** The digest of a key as a configuration has it: `sha256:` and 43 characters of base64url. */
export const apiKeyDigest = (key: string): string => `sha256:${sha256(key).toString("base64url")}`;

/** Whether a text has the form of a digest. */
export const isApiKeyDigest = (text: string): boolean => /^sha256:[\w-]{43}$/.test(text);

/** Whether a text is a key: who writes one into a configuration has mistaken it for its digest. */
export const looksLikeApiKey = (text: string): boolean => text.startsWith(prefix);
