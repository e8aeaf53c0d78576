import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ScriptFile } from "./nodes.ts";

/** A file that the public port serves to pages of any origin. */
export interface PublicFile {
  /** `/.well-known/ory/webauthn.js`. */
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
}

const PATH = "/.well-known/ory/webauthn.js";

/**
 * Creates the script of keys: where forms name it, and the file. Its URL says by `v`, the beginning of its SHA-256
 * digest, which version of it is meant, so that a browser may cache it without a limit.
 */
export const createKeyScriptFile = (publicUrl: string): ScriptFile & { readonly file: PublicFile } => {
  const content = readFileSync(new URL("scripts/webauthn.js", import.meta.url));
  const digest = (algorithm: string) => createHash(algorithm).update(content);
  const version = digest("sha256").digest("base64url").slice(0, 22);
  return {
    src: `${publicUrl}${PATH}?v=${version}`,
    integrity: `sha512-${digest("sha512").digest("base64")}`,
    file: { path: PATH, type: "text/javascript; charset=utf-8", content },
  };
};
