/**
 * Writes JSON text piece by piece into bytes that are used again and again.
 * Adding strings to strings, or joining lists of them, costs several times as
 * much for the many short pieces that an answer is made of.
 *
 * It is for synchronous use: `start`, any number of pieces, `finish`.
 */
export interface JsonWriter {
  readonly start: () => void;
  /** The text that was written since the start. */
  readonly finish: () => string;
  /** A piece of JSON text that is known beforehand; see piece(). */
  readonly piece: (piece: Piece) => void;
  /** Any JSON text. */
  readonly text: (text: string) => void;
  /** A string, quoted and escaped. */
  readonly string: (value: string) => void;
  /** A whole number below 100, in two digits. */
  readonly twoDigits: (value: number) => void;
  /** Where the next piece will be. */
  readonly position: () => number;
  /** A copy of what was written since a position, to be written again later. */
  readonly since: (position: number) => Piece;
  /** Puts another byte where one was written. */
  readonly amend: (position: number, byte: number) => void;
}

/** JSON text in UTF-8. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Only ASCII, which is cheaper to make a string of. */
  readonly ascii: boolean;
}

/** Makes a piece of text that will be written often. */
export const piece = (text: string): Piece => {
  const bytes = Buffer.from(text, "utf8");
  return { bytes, ascii: bytes.length === text.length };
};

/** Room that one large answer took is given back above this size. */
const reusedSize = 1024 * 1024;
/** From this size on a native copy is faster than a loop. */
const shortPiece = 48;

const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;
const tilde = 0x7e;
const zero = 0x30;

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > tilde) return false;
  return true;
};

/** Creates a writer with room for so many bytes at first. */
export const createJsonWriter = (initialSize = 64 * 1024): JsonWriter => {
  let bytes = Buffer.allocUnsafeSlow(initialSize);
  let at = 0;
  let ascii = true;

  const room = (size: number): void => {
    if (at + size <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, at + size));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
  };

  const text = (value: string): void => {
    room(value.length * 3);
    if (value.length <= shortPiece && isAscii(value)) {
      const target = bytes;
      const from = at;
      for (let i = 0; i < value.length; i++) target[from + i] = value.charCodeAt(i);
      at = from + value.length;
      return;
    }
    const written = bytes.write(value, at, "utf8");
    if (written !== value.length) ascii = false;
    at += written;
  };

  /** Copies a string that needs no escaping; false when it does, or may. */
  const plain = (value: string): boolean => {
    const { length } = value;
    room(length + 2);
    const target = bytes;
    let to = at;
    target[to++] = quote;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code < space || code > tilde || code === quote || code === backslash) return false;
      target[to++] = code;
    }
    target[to++] = quote;
    at = to;
    return true;
  };

  return {
    start: () => {
      at = 0;
      ascii = true;
    },
    finish: () => {
      const written = bytes.toString(ascii ? "latin1" : "utf8", 0, at);
      if (bytes.length > reusedSize) bytes = Buffer.allocUnsafeSlow(initialSize);
      return written;
    },
    piece: (known) => {
      const source = known.bytes;
      const { length } = source;
      room(length);
      const target = bytes;
      const from = at;
      if (length > shortPiece) target.set(source, from);
      else for (let i = 0; i < length; i++) target[from + i] = source[i] as number;
      at = from + length;
      if (!known.ascii) ascii = false;
    },
    text,
    string: (value) => {
      if (!plain(value)) text(JSON.stringify(value));
    },
    twoDigits: (value) => {
      room(2);
      bytes[at++] = zero + Math.floor(value / 10);
      bytes[at++] = zero + (value % 10);
    },
    position: () => at,
    since: (position) => ({ bytes: new Uint8Array(bytes.subarray(position, at)), ascii }),
    amend: (position, byte) => {
      bytes[position] = byte;
    },
  };
};
