/** Bytes of one page of WebAssembly memory. */
const PAGE = 65_536;
/** Magic and version, before the first section. */
const HEADER = 8;
const MEMORY_SECTION = 5;

/**
 * Rewrites a WebAssembly module so that its memory cannot grow beyond a limit:
 * the limits of a worker count the JavaScript heap only, and an engine built
 * without a maximum would take up to 4 GiB.
 *
 * @param limit bytes
 */
export const capMemory = (module: Uint8Array, limit: number): Buffer<ArrayBuffer> => {
  let at = HEADER;
  while (at < module.length) {
    const id = module[at];
    const size = readLeb(module, at + 1);
    const end = size.next + size.value;
    if (id === MEMORY_SECTION) {
      const minimum = readLeb(module, size.next + 2).value;
      // One memory, flag 1: there is a maximum.
      const body = [1, 1, ...writeLeb(minimum), ...writeLeb(Math.max(minimum, Math.floor(limit / PAGE)))];
      return Buffer.concat([
        module.subarray(0, at),
        Buffer.from([MEMORY_SECTION, ...writeLeb(body.length), ...body]),
        module.subarray(end),
      ]);
    }
    at = end;
  }
  throw new TypeError("the WebAssembly module has no memory of its own");
};

/** Reads an unsigned LEB128 number and says where the next byte is. */
const readLeb = (bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } => {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: at + 1 };
  }
};

const writeLeb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeLeb(value >>> 7)];
