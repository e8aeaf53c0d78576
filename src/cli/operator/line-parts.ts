/** A part of a file, cut at the end of a line. */
export interface LinePart {
  readonly bytes: Buffer;
  /** Number of its first line, from 1. */
  readonly firstLine: number;
  /** Lines in it. */
  readonly lines: number;
  /** Where in the file the next part begins, in bytes. */
  readonly end: number;
}

const newline = 0x0a;

/** Where a file is read from. */
export interface LineStart {
  readonly line: number;
  readonly offset: number;
}

/** Cuts what is read into parts of so many lines, or fewer where they are long. */
export async function* lineParts(
  chunks: AsyncIterable<Buffer>,
  start: LineStart,
  { lines: most, bytes: size }: { readonly lines: number; readonly bytes: number },
): AsyncGenerator<LinePart> {
  let held: Buffer[] = [];
  let [lines, bytes, firstLine, offset] = [0, 0, start.line, start.offset];
  const drain = (): LinePart => {
    offset += bytes;
    const part = { bytes: Buffer.concat(held), firstLine, lines, end: offset };
    firstLine += lines;
    [held, lines, bytes] = [[], 0, 0];
    return part;
  };
  const add = (piece: Buffer): void => {
    held.push(piece);
    bytes += piece.length;
  };
  for await (const chunk of chunks) {
    let begin = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
      lines += 1;
      if (lines < most && bytes + at - begin < size) continue;
      add(chunk.subarray(begin, at + 1));
      begin = at + 1;
      yield drain();
    }
    if (begin < chunk.length) add(chunk.subarray(begin));
  }
  if (bytes > 0) {
    if (held.at(-1)?.at(-1) !== newline) lines += 1;
    yield drain();
  }
}
