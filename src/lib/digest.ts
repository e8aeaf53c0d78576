import { hash, timingSafeEqual } from "node:crypto";

/**
 * Makes the SHA-256 digest, 32 bytes, of bytes or of a text's UTF-8. It is asked for as text, of which a buffer is
 * made: the buffer that `hash` itself makes has memory of its own outside of the heap, which costs four times as much.
 */
export const sha256 = (data: string | Uint8Array): Buffer => Buffer.from(hash("sha256", data, "binary"), "binary");

/** Makes the SHA-256 digest as text, for what is stored of a secret that is random enough for it. */
export const digestOf = (secret: string | Uint8Array): string => sha256(secret).toString("base64url");

/** Compares what was stored with a digest, without revealing by its time where they differ. */
export const isSameDigest = (stored: unknown, digest: string): boolean =>
  typeof stored === "string" &&
  stored.length === digest.length &&
  timingSafeEqual(Buffer.from(stored), Buffer.from(digest));
