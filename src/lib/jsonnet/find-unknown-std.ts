import { stdFields } from "./std-fields.ts";

/** A field that a program asks `std` for, and that `std` does not have. */
export interface UnknownStdField {
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

/** Comments, text blocks, texts, names and single signs of Jsonnet, in this order of precedence. */
const tokens = new RegExp(
  [
    /\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//,
    /\|\|\|[\s\S]*?\|\|\|/,
    /@'(?:[^']|'')*'|@"(?:[^"]|"")*"|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/,
    /[A-Za-z_]\w*|\S/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

/**
 * Finds the fields that a Jsonnet program asks `std` for by name
 * (`std.name`, `std['name']`) and that `std` lacks. At run time these would look
 * like a claim that is not there. A program that gives `std` a meaning of its
 * own is not judged.
 */
export const findUnknownStd = (source: string): readonly UnknownStdField[] => {
  const all = [...source.matchAll(tokens)]
    .map((match) => ({ text: match[0], at: match.index }))
    .filter(({ text }) => !/^(?:\/\/|#|\/\*)/.test(text));
  const uses = all.flatMap(({ text, at: offset }, at) =>
    text === "std" && all[at - 1]?.text !== "." ? { at, offset } : [],
  );
  if (uses.some(({ at }) => isDefined(all, at))) return [];
  return uses.flatMap(({ at, offset }) => {
    const name = fieldOf(all.slice(at + 1, at + 4).map(({ text }) => text));
    if (name === undefined || !/^[A-Za-z_]\w*$/.test(name) || stdFields.has(name)) return [];
    return { name, line: source.slice(0, offset).split("\n").length };
  });
};

interface Token {
  readonly text: string;
}

/** The field that is asked for by what follows `std`. */
const fieldOf = ([next, field = "", end]: readonly string[]): string | undefined => {
  if (next === ".") return field;
  return next === "[" && end === "]" ? /^@?(['"])(.*)\1$/s.exec(field)?.[2] : undefined;
};

/** Whether the name is given a meaning: by `local std = …`, or as a parameter. */
const isDefined = (all: readonly Token[], at: number): boolean => {
  const next = all[at + 1]?.text;
  if (next === "=") return all[at + 2]?.text !== "=";
  return (next === "," || next === ")") && isParameter(all, at);
};

/**
 * Whether a name stands in the parentheses of a function's parameters: nothing but names before it, up to `function(`
 * or `name(`.
 */
const isParameter = (all: readonly Token[], at: number): boolean => {
  let before = at - 1;
  while (before >= 0 && /^(?:,|[A-Za-z_]\w*)$/.test(all[before]?.text ?? "")) before--;
  if (all[before]?.text !== "(") return false;
  if (all[before - 1]?.text === "function") return true;
  const close = all.findIndex(({ text }, index) => index > at && text === ")");
  return /^(?:=|:+)$/.test(all[close + 1]?.text ?? "") && /^[A-Za-z_]\w*$/.test(all[before - 1]?.text ?? "");
};

/** Says it in a sentence. */
export const unknownStdMessage = ([first]: readonly UnknownStdField[]): string =>
  first === undefined ? "" : `std has no field ${first.name} (line ${first.line})`;
