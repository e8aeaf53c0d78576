import { distance } from "fastest-levenshtein";

/** Sorts words by how much they look like one that was written. */
export function nearest(written: string, known: readonly string[]): string[] {
  const rank = new Map(known.map((word) => [word, distance(written.toLowerCase(), word)]));
  return [...known].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}

/** The word that was probably meant; undefined if none comes close. */
export function meant(written: string, known: readonly string[]): string | undefined {
  const [first] = nearest(written.slice(0, 64), known);
  return first !== undefined &&
    distance(written.slice(0, 64).toLowerCase(), first) <= Math.max(2, Math.floor(first.length / 3))
    ? first
    : undefined;
}
