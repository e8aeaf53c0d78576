/** Longer ones are not compared: the work grows with both lengths (settings.md §7). */
const MOST_BYTES = 256;
const LEAST_DISTANCE = 5;
const MOST_SHARED = 0.5;

/**
 * Says whether a password is too much like an identifier: fewer than five
 * single changes apart, or more than half of it one piece of the identifier.
 * Upper and lower case are the same. Characters are code points, and the share
 * is counted in them (a deliberate difference: precedence.md, row 8).
 */
export const isTooSimilar = (password: string, identifier: string): boolean => {
  if (identifier === "" || password === "" || isLong(password) || isLong(identifier)) return false;
  const [lower, lowerIdentifier] = [password.toLowerCase(), identifier.toLowerCase()];
  // Lower case can be longer: "İ" becomes two characters.
  if (isLong(lower) || isLong(lowerIdentifier)) return false;
  const [a, b] = [Array.from(lower), Array.from(lowerIdentifier)];
  return distance(a, b) < LEAST_DISTANCE || longestShared(a, b) / a.length > MOST_SHARED;
};

const isLong = (text: string): boolean => Buffer.byteLength(text) > MOST_BYTES;

/** Levenshtein's: the fewest insertions, deletions and replacements that make one of the other. */
const distance = (a: readonly string[], b: readonly string[]): number => {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, left] of a.entries()) {
    const next = [i + 1];
    for (const [j, right] of b.entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

/** Length of the longest piece that stands in both. */
const longestShared = (a: readonly string[], b: readonly string[]): number => {
  let longest = 0;
  let row = new Array<number>(b.length + 1).fill(0);
  for (const left of a) {
    const next = [0];
    for (const [j, right] of b.entries()) {
      const length = left === right ? (row[j] ?? 0) + 1 : 0;
      next.push(length);
      if (length > longest) longest = length;
    }
    row = next;
  }
  return longest;
};
