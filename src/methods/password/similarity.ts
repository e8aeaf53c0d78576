import { distance } from "fastest-levenshtein";

/** Longer ones are not compared: the work grows with both lengths. */
const MOST_BYTES = 256;
const LEAST_DISTANCE = 5;
const MOST_SHARED = 0.5;

/**
 * Says whether a password is too much like an identifier: fewer than five
 * single changes apart, or more than half of it one piece of the identifier.
 * Upper and lower case are the same. Characters are code points, and the share
 * is counted in them (a deliberate difference: docs/differences-from-ory-kratos.md).
 */
export const isTooSimilar = (password: string, identifier: string): boolean => {
  if (identifier === "" || password === "" || isLong(password) || isLong(identifier)) return false;
  const [lower, lowerIdentifier] = [password.toLowerCase(), identifier.toLowerCase()];
  // Lower case can be longer: "İ" becomes two characters.
  if (isLong(lower) || isLong(lowerIdentifier)) return false;
  const [a, b] = [Array.from(lower), Array.from(lowerIdentifier)];
  return distanceOf(a, b) < LEAST_DISTANCE || longestShared(a, b) / a.length > MOST_SHARED;
};

const isLong = (text: string): boolean => Buffer.byteLength(text) > MOST_BYTES;

/**
 * The fewest characters to insert, delete and replace that make one of the other. The library counts UTF-16 units, by
 * which an emoji is two changes: each character goes to it as one unit of its own.
 */
const distanceOf = (a: readonly string[], b: readonly string[]): number => {
  const units = new Map([...new Set([...a, ...b])].map((character, at) => [character, String.fromCharCode(at)]));
  const toUnits = (characters: readonly string[]) => characters.map((character) => units.get(character)).join("");
  return distance(toUnits(a), toUnits(b));
};

/** Length of the longest piece that stands in both; a library that is maintained has no such function. */
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
