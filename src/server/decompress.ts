import { promisify } from "node:util";
import zlib from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { serviceError } from "../errors/service-error.ts";
import type { Decompress } from "../lib/intake.ts";
import { tooLarge } from "./read-body.ts";

/** How many times its size a message may inflate to. JSON of people's making stays well below. */
const ratio = 100;

/** Bytes that any message may inflate to: short ones repeat themselves. */
const always = 8_192;

/** Bytes that a message of `packed` bytes may inflate to, where `limit` are allowed. */
export const inflationLimit = (packed: number, limit: number): number =>
  Math.min(limit, Math.max(always, packed * ratio));

type Unzip = (data: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzips: Readonly<Record<string, Unzip>> = {
  gzip: promisify(zlib.gunzip) as Unzip,
  br: promisify(zlib.brotliDecompress) as Unzip,
};

/**
 * Finds how a message is decompressed; without an encoding it is as it came.
 * Answers are not compressed: that is a proxy's work, which has processors to
 * spare for it.
 *
 * @throws ConnectError UNIMPLEMENTED for an unknown encoding, with the known ones in `acceptEncoding`, as the
 * protocols have it
 */
export const findDecompress = (encoding: string | undefined, acceptEncoding: string): Decompress => {
  if (encoding === undefined) return async (data) => data;
  const unzip = Object.hasOwn(unzips, encoding) ? unzips[encoding] : undefined;
  if (!unzip) {
    const names = Object.keys(unzips).join(",");
    throw new ConnectError(`the encoding is not known: use one of ${names}`, Code.Unimplemented, {
      [acceptEncoding]: names,
    });
  }
  return async (data, limit) => {
    // The protocols send nothing for an empty message.
    if (data.length === 0) return data;
    try {
      return await unzip(data, { maxOutputLength: limit });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
      throw serviceError("MALFORMED_BODY", { explain: "The body cannot be decompressed." });
    }
  };
};
