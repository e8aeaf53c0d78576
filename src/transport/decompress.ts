import { promisify } from "node:util";
import zlib from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { fail } from "../errors/service-error.ts";

type Decompress = (data: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const known: Readonly<Record<string, Decompress>> = { gzip: promisify(zlib.gunzip) as Decompress, br: promisify(zlib.brotliDecompress) as Decompress };

/** What `decompress` needs to know beside the data. */
export interface DecompressOptions {
  /** Bytes that may come out. */
  readonly limit: number;
  /** The header that tells the client what we read. */
  readonly acceptEncoding: string;
}

/**
 * Decompresses a message; without an encoding it is as it came. Answers are not
 * compressed: that is a proxy's work, which has processors to spare for it.
 *
 * @throws ConnectError UNIMPLEMENTED for an unknown encoding, with the known ones in a header, as the protocols have it
 * @throws BODY_TOO_LARGE, MALFORMED_BODY
 */
export const decompress = async (data: Buffer, encoding: string | undefined, { limit, acceptEncoding }: DecompressOptions): Promise<Buffer> => {
  if (encoding === undefined || encoding === "identity" || data.length === 0) return data;
  const run = Object.hasOwn(known, encoding) ? known[encoding] : undefined;
  if (!run) {
    const names = Object.keys(known).join(",");
    throw new ConnectError(`the encoding is not known: use one of ${names}`, Code.Unimplemented, { [acceptEncoding]: names });
  }
  try {
    return await run(data, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw fail("BODY_TOO_LARGE", { explain: `The message is larger than ${limit} bytes.` });
    throw fail("MALFORMED_BODY", { explain: "The body cannot be decompressed." });
  }
};
