import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The repository's folder. */
const root = path.resolve(import.meta.dirname, "../..");

/** Every file below some folders whose name ends in one of `ends`, as paths from the root. */
export const filesBelow = (folders: readonly string[], ends: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((entry) => entry.isFile() && ends.some((end) => entry.name.endsWith(end)))
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
      .filter((file) => !file.includes("node_modules/"))
      .sort(),
  );

/** The text of a file. */
export const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

const importLine = /^(?:import|export)\s+(?:type\s+)?(?:[\w*$\s{},]+\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** The files of ours that a file imports, types included. */
export const importsOf = (file: string): string[] =>
  [...read(file).matchAll(importLine)]
    .map(([, named, dynamic]) => named ?? dynamic ?? "")
    .filter((to) => to.startsWith("."))
    .map((to) => path.join(path.dirname(file), to));
