/** Bytes of something that comes in pieces. */
export interface HeldBytes {
  readonly size: () => number;
  /** Copies a piece: neither it nor the memory that it is a part of is held. */
  readonly add: (piece: Buffer) => void;
  /** Gives what was added and holds nothing more of it. With a last piece alone it is that piece, not a copy. */
  readonly drain: (last?: Buffer) => Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * Creates a place for bytes: one buffer that doubles when it is full, so that many small pieces take no more than twice
 * what was sent.
 *
 * @param most bytes that are held; the caller sees to it that no more are added
 */
export const createHeldBytes = (most: number): HeldBytes => {
  let data: Buffer = nothing;
  let size = 0;
  const add = (piece: Buffer): void => {
    const needed = size + piece.length;
    if (needed > data.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * data.length, most)));
      data.copy(larger, 0, 0, size);
      data = larger;
    }
    piece.copy(data, size);
    size = needed;
  };
  return {
    size: () => size,
    add,
    drain: (last = nothing) => {
      if (size === 0) return last;
      add(last);
      const drained = data.subarray(0, size);
      [data, size] = [nothing, 0];
      return drained;
    },
  };
};
