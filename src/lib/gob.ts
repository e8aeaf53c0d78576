/**
 * Reads the texts of a Go map of texts (`map[interface{}]interface{}`) as the package encoding/gob writes it: what
 * stands before its value, types, is passed over, and so are entries that are no text. Undefined for anything else.
 */
export const readGobTexts = (bytes: Buffer): ReadonlyMap<string, string> | undefined => {
  try {
    const reader = createReader(bytes);
    for (;;) {
      const message = createReader(reader.read(reader.uint()));
      // A message of a type has the negated number of the type that it describes.
      if (message.int() < 0) continue;
      if (message.uint() !== 0) return undefined;
      return readEntries(message);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

type Reader = ReturnType<typeof createReader>;

const MOST_ENTRIES = 64;

const readEntries = (reader: Reader): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>();
  const count = reader.uint();
  if (count > MOST_ENTRIES) throw new RangeError("too many entries");
  for (let entry = 0; entry < count; entry++) {
    const [key, value] = [readInterface(reader), readInterface(reader)];
    if (key !== undefined && value !== undefined) texts.set(key, value);
  }
  return texts;
};

/** A value of any type: its type's name and number, and its bytes. Undefined where it is no text. */
const readInterface = (reader: Reader): string | undefined => {
  const type = reader.read(reader.uint()).toString();
  if (type === "") return undefined;
  reader.int();
  const value = createReader(reader.read(reader.uint()));
  if (type !== "string") return undefined;
  // What is no struct has a zero before it.
  if (value.uint() !== 0) throw new RangeError("no text");
  return value.read(value.uint()).toString();
};

/** Reads numbers and bytes one after the other. Beyond the end it throws RangeError. */
const createReader = (bytes: Buffer) => {
  let at = 0;
  const read = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError("the end is reached");
    at += length;
    return bytes.subarray(at - length, at);
  };
  /** Below 128 a byte; else the negated number of bytes, and those, the highest first. */
  const uint = (): number => {
    const first = read(1).readUInt8();
    if (first < 0x80) return first;
    const length = 0x100 - first;
    if (length > 6) throw new RangeError("too large a number");
    return read(length).readUIntBE(0, length);
  };
  return {
    read,
    uint,
    /** The lowest bit says whether the rest is to be complemented. */
    int: (): number => {
      const value = uint();
      return value % 2 === 1 ? -Math.floor(value / 2) - 1 : value / 2;
    },
  };
};
