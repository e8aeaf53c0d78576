import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** A file that the pages refer to. */
export interface Asset {
  /** Its address relative to the pages; it changes with the file, so that a browser may cache it without a limit. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** Changes when the file does. */
  readonly etag: string;
  /** The file, as it is and compressed, by the name of the encoding. */
  readonly bodies: Readonly<Record<"identity" | "br" | "gzip", Buffer>>;
}

/** By digest: it takes long, and several servers in a process have the same files. */
const compressed = new Map<string, Asset["bodies"]>();

const compress = (digest: string, identity: Buffer): Asset["bodies"] => {
  const known = compressed.get(digest);
  if (known !== undefined) return known;
  const br = brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  const bodies = { identity, br, gzip: gzipSync(identity, { level: 9 }) };
  compressed.set(digest, bodies);
  return bodies;
};

/**
 * Creates a file whose address changes with its content.
 *
 * @param name its address relative to the pages, without what changes
 */
export const createAsset = (name: string, type: string, content: Buffer | string): Asset => {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return {
    path: `${name}?v=${digest}`,
    name,
    type,
    etag: `"${digest}"`,
    bodies: compress(digest, bytes),
  };
};

/** The smallest form of a file that a browser takes (RFC 9110, 12.5.3). */
export const chooseEncoding = ({ bodies }: Asset, acceptEncoding: string | undefined): keyof Asset["bodies"] => {
  const accepted = new Set(
    (acceptEncoding ?? "")
      .split(",")
      .map((part) => part.trim().toLowerCase())
      .filter((part) => !/;\s*q\s*=\s*0(?:\.0*)?$/.test(part))
      .map((part) => part.split(";", 1)[0]),
  );
  const encodings = (["br", "gzip"] as const).filter(
    (name) => accepted.has(name) && bodies[name].length < bodies.identity.length,
  );
  return encodings[0] ?? "identity";
};
