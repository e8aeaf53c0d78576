import { TemplateError } from "./template-error.ts";

/** A word of an action. */
export interface Token {
  readonly kind: "string" | "number" | "field" | "variable" | "word" | "sign" | "dot";
  /** The text itself; of a string what it says, of a field or variable its path: `.a.b` is `a.b`, `$x.a` is `x.a`. */
  readonly text: string;
  /** Whether white space stands before it: `(f).a` is a field of the parentheses, `(f) .a` another argument. */
  readonly isApart: boolean;
}

const patterns: readonly (readonly [Token["kind"], RegExp])[] = [
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["number", /-?\d+(?:\.\d+)?/y],
  ["variable", /\$[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\$(?:\.[A-Za-z_]\w*)*/y],
  ["field", /(?:\.[A-Za-z_]\w*)+/y],
  ["dot", /\./y],
  ["word", /[A-Za-z_]\w*/y],
  ["sign", /:=|[|(),=]/y],
];

/** Reads the words of an action. @throws TemplateError */
export const tokenize = (text: string, line: number): readonly Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const space = /\s*/y;
    space.lastIndex = at;
    const skipped = space.exec(text)?.[0].length ?? 0;
    at += skipped;
    if (at >= text.length) break;
    const found = firstMatch(text, at);
    if (found === undefined)
      throw new TemplateError(line, `cannot be read at ${JSON.stringify(text.slice(at, at + 20))}`);
    const [kind, matched] = found;
    tokens.push({ kind, text: contentOf(kind, matched, line), isApart: skipped > 0 || tokens.length === 0 });
    at += matched.length;
  }
  return tokens;
};

const firstMatch = (text: string, at: number): readonly [Token["kind"], string] | undefined => {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) return [kind, found[0]];
  }
  return undefined;
};

const contentOf = (kind: Token["kind"], matched: string, line: number): string => {
  if (kind === "field" || kind === "variable") return matched.slice(1);
  if (kind !== "string") return matched;
  if (matched.startsWith("`")) return matched.slice(1, -1);
  try {
    return JSON.parse(matched) as string;
  } catch {
    throw new TemplateError(line, `${matched} has an escape that is not understood`);
  }
};
