import type { Received } from "../../lib/call.ts";
import { createHeldBytes } from "../held-bytes.ts";
import { tooLarge } from "../read-body.ts";

const newline = 0x0a;
const nothing = Buffer.alloc(0);

/**
 * Splits a body at its line breaks. A line that is longer than `limit` bytes is not held: it is passed over and
 * given as unusable.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Received<Buffer>> {
  const held = createHeldBytes(limit);
  let isTooLong = false;
  /** Whether a piece may be held with those before it: of a line that is too long nothing is. */
  const fits = (piece: Buffer): boolean => {
    isTooLong ||= held.size() + piece.length > limit;
    if (isTooLong) held.drain();
    return !isTooLong;
  };
  const end = (last: Buffer): Received<Buffer> => {
    const line = fits(last) ? held.drain(last) : undefined;
    isTooLong = false;
    return line === undefined
      ? { kind: "unusable", error: tooLarge(limit) }
      : { kind: "message", message: line, bytes: line.length };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, start)) {
      yield end(chunk.subarray(start, at));
      start = at + 1;
    }
    const rest = chunk.subarray(start);
    if (fits(rest)) held.add(rest);
  }
  if (isTooLong || held.size() > 0) yield end(nothing);
}
