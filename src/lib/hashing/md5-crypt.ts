import { createHash } from "node:crypto";

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Which bytes of the digest make which letters: three at a time, and the last alone. */
const groups = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;

const md5 = (parts: readonly Buffer[]): Buffer => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/**
 * The MD5-based string of crypt(3) of a password, `$1$salt$…`, as FreeBSD first had it. No library that is looked
 * after makes it; openssl does (`openssl passwd -1`), which the tests hold it against.
 *
 * @param like a string whose salt is used
 */
export const md5Crypt = (password: string, like: string): string => {
  const [, , letters = ""] = like.split("$");
  const [secret, salt] = [Buffer.from(password), Buffer.from(letters.slice(0, 8))];
  const inner = md5([secret, salt, secret]);
  const parts: Buffer[] = [secret, Buffer.from("$1$"), salt];
  for (let left = secret.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = secret.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.of(0) : secret.subarray(0, 1));
  let digest = md5(parts);
  for (let round = 0; round < 1_000; round++) {
    const isOdd = round % 2 === 1;
    digest = md5([
      isOdd ? secret : digest,
      ...(round % 3 === 0 ? [] : [salt]),
      ...(round % 7 === 0 ? [] : [secret]),
      isOdd ? digest : secret,
    ]);
  }
  return `$1$${salt}$${encoded(digest)}`;
};

const encoded = (digest: Buffer): string => {
  const write = (value: number, count: number): string =>
    Array.from({ length: count }, (_, at) => alphabet[(value >> (6 * at)) & 63]).join("");
  const byte = (at: number): number => digest[at] ?? 0;
  return groups.map(([a, b, c]) => write((byte(a) << 16) | (byte(b) << 8) | byte(c), 4)).join("") + write(byte(11), 2);
};
