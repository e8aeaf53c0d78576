/** What one part of `src` may import. */
export type ImportRow =
  | { readonly kind: "parts"; readonly parts: readonly string[] }
  | { readonly kind: "everything"; readonly but: readonly string[] };

/** Names in a cell: of parts in code spans, of sets of parts in italics. */
const namesIn = (cell: string): readonly string[] => cell.match(/`[^`]+`|\*[^*]+\*/g) ?? [];
const bare = (name: string): string => name.slice(1, -1);

/**
 * Reads the table "Who may import whom" of ARCHITECTURE.md, by part.
 *
 * @throws Error for a cell that is not understood, or that names a set above which there is none
 */
export const readImportTable = (page: string): ReadonlyMap<string, ImportRow> => {
  const [, section = ""] = /^## Who may import whom$([\s\S]*?)^## /m.exec(page) ?? [];
  const sets = new Map<string, readonly string[]>();
  const rows = new Map<string, ImportRow>();

  const expand = (name: string): readonly string[] => {
    if (name.startsWith("`")) return [bare(name)];
    const set = sets.get(bare(name));
    if (set === undefined) throw new Error(`there is no set ${name} above`);
    return set;
  };
  const readRow = (cell: string): ImportRow => {
    if (cell === "nothing") return { kind: "parts", parts: [] };
    const parts = namesIn(cell).flatMap(expand);
    if (/^everything(?: but `[^`]+`)?$/.test(cell)) return { kind: "everything", but: parts };
    if (parts.length === 0 || cell.replaceAll(/`[^`]+`|\*[^*]+\*|, /g, "") !== "") throw new Error(`what is ${cell}?`);
    return { kind: "parts", parts };
  };

  for (const [, part = "", cell = ""] of section.matchAll(/^\| ([`*][^|]+) \| ([^|]+) \|/gm)) {
    const row = readRow(cell);
    for (const name of namesIn(part)) {
      if (name.startsWith("`")) rows.set(bare(name), row);
      else if (row.kind === "parts") sets.set(bare(name), row.parts);
    }
  }
  return rows;
};
