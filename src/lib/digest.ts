import { hash } from "node:crypto";

/** Makes the SHA-256 digest, 32 bytes, of bytes or of a text's UTF-8. */
export const sha256 = (data: string | Uint8Array): Buffer => hash("sha256", data, "buffer");
