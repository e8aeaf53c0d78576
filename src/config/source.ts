import { readFileSync } from "node:fs";
import path from "node:path";
import { isNode, isPair, isScalar, isMap as isYamlMap, LineCounter, type Node, parseDocument } from "yaml";
import type { Problem } from "./config-error.ts";
import { isMap, type Path, type Raw } from "./tree.ts";

/** A configuration file that was read. */
export interface Source {
  /** The file as it was named. */
  readonly name: string;
  /** Its folder, absolute: what relative files in it are relative to. */
  readonly folder: string;
  readonly value: Raw;
  /** The line of the deepest part of a path that the file has, and how deep that is. */
  locate(path: Path): { readonly line: number; readonly depth: number };
}

/** Reads a YAML file (JSON is YAML, too). Answers with its mistakes if it is none. */
export function readSource(name: string): Source | readonly Problem[] {
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (error) {
    return [{ path: "", where: name, message: `cannot be read (${(error as NodeJS.ErrnoException).code})` }];
  }
  if (/\.toml$/i.test(name)) return [{ path: "", where: name, message: "is TOML: write it as YAML or JSON" }];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  if (document.errors.length > 0)
    return document.errors.map((error) => ({
      path: "",
      where: `${name}:${lines.linePos(error.pos[0]).line}`,
      message: `is not YAML: ${error.message}`,
    }));
  const value: unknown = document.toJS() ?? {};
  if (!isMap(value)) return [{ path: "", where: name, message: "must be a map of keys" }];
  const locate = (wanted: Path) => {
    let node: Node | null = document.contents;
    let line = 1;
    for (const [depth, part] of wanted.entries()) {
      const found = step(node, part);
      if (found === undefined) return { line, depth };
      line = lines.linePos(found.offset).line;
      node = found.node;
    }
    return { line, depth: wanted.length };
  };
  return { name, folder: path.dirname(path.resolve(name)), value, locate };
}

/** One step down: the child and where it begins (a map's entry begins with its key). */
function step(
  node: Node | null,
  part: string | number,
): { readonly node: Node | null; readonly offset: number } | undefined {
  if (isYamlMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
    );
    if (pair === undefined) return undefined;
    return {
      node: isNode(pair.value) ? pair.value : null,
      offset: (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? 0,
    };
  }
  const child = isCollectionWithIndex(node) && typeof part === "number" ? node.items[part] : undefined;
  return isNode(child) ? { node: child, offset: child.range?.[0] ?? 0 } : undefined;
}

function isCollectionWithIndex(node: Node | null): node is Node & { readonly items: readonly unknown[] } {
  return node !== null && "items" in node && Array.isArray(node.items);
}
