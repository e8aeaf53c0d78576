import type { Assignment } from "./environment.ts";
import type { Source } from "./source.ts";
import type { Path } from "./tree.ts";

/** Says where a key of a merged configuration was written. */
export interface Origin {
  /** `file.yml:12` or `environment variable DSN`; undefined if it is nowhere. */
  where(path: Path): string | undefined;
  /** The folder that a relative file name at this path is relative to. */
  folder(path: Path): string;
}

/** Creates it from all that was merged: the environment wins over files, later files over earlier ones. */
export function createOrigin(sources: readonly Source[], assignments: readonly Assignment[]): Origin {
  const variable = (path: Path) =>
    assignments.findLast((one) => one.path.every((part, depth) => part === path[depth]))?.variable;
  const best = (path: Path) => {
    let found: { readonly source: Source; readonly line: number; readonly depth: number } | undefined;
    for (const source of sources) {
      const place = source.locate(path);
      if (place.depth > 0 && place.depth >= (found?.depth ?? 0)) found = { source, ...place };
    }
    return found;
  };
  return {
    where: (path) => {
      const name = variable(path);
      if (name !== undefined) return `environment variable ${name}`;
      const place = best(path);
      return place && `${place.source.name}:${place.line}`;
    },
    folder: (path) => (variable(path) === undefined ? best(path)?.source.folder : undefined) ?? process.cwd(),
  };
}
