import { randomFillSync } from "node:crypto";

const POOL_BYTES = 8192;

/**
 * Makes a source of random bytes that asks the operating system's generator
 * for many at once: asking costs far more than the bytes. What was given out
 * is wiped from the pool, and never given out again.
 */
const createRandomBytes = (): ((size: number) => Buffer) => {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (size) => {
    if (size > POOL_BYTES) return randomFillSync(Buffer.alloc(size));
    if (used + size > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = Buffer.from(pool.subarray(used, used + size));
    pool.fill(0, used, used + size);
    used += size;
    return bytes;
  };
};

/** Random bytes of a CSPRNG. */
export const randomBytes = createRandomBytes();
