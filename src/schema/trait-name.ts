/**
 * Writes a path as the name its input element has: `["traits", "name", "first"]` is `traits.name.first`; a dot in a
 * name is `\.`.
 */
export const traitName = (path: readonly string[]): string => path.map(escapeSegment).join(".");

/** Writes one step of a path as it stands in a name. */
export const escapeSegment = (segment: string): string =>
  /[\\.]/.test(segment) ? segment.replace(/[\\.]/g, "\\$&") : segment;

/** Reads a name into its path: the reverse of `traitName`. */
export function traitPath(name: string): string[] {
  if (!name.includes("\\")) return name.split(".");
  const path: string[] = [];
  let segment = "";
  for (let at = 0; at < name.length; at++) {
    const character = name.charAt(at);
    if (character === ".") {
      path.push(segment);
      segment = "";
    } else if (character === "\\" && at + 1 < name.length) {
      at++;
      segment += name.charAt(at);
    } else {
      segment += character;
    }
  }
  path.push(segment);
  return path;
}
