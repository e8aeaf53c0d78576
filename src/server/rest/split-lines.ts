import type { Received } from "../../lib/call.ts";
import { tooLarge } from "../read-body.ts";

const newline = 0x0a;

/**
 * Splits a body at its line breaks. A line that is longer than `limit` bytes is not held: it is passed over and
 * given as unusable.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Received<Buffer>> {
  let held: Buffer[] = [];
  let size = 0;
  const add = (piece: Buffer): void => {
    size += piece.length;
    if (size <= limit) held.push(piece);
    else held = [];
  };
  const whole = (): Received<Buffer> => {
    const [first, ...more] = held;
    const isHeld = size <= limit;
    const line = first !== undefined && more.length === 0 ? first : Buffer.concat(held);
    [held, size] = [[], 0];
    return isHeld
      ? { kind: "message", message: line, bytes: line.length }
      : { kind: "unusable", error: tooLarge(limit) };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, at));
      yield whole();
      start = at + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (size > 0) yield whole();
}
