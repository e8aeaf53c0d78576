/** How many letters must be added, taken away or changed to turn one word into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

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
