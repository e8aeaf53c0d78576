import { parseExpression } from "./parse-expression.ts";
import { splitTemplate } from "./split.ts";
import type { Expression, Node, ParsedTemplate } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";
import { type Token, tokenize } from "./tokens.ts";

/**
 * Reads a Go template.
 *
 * @throws TemplateError for what is wrong, and for what this server does not do
 */
export const parseTemplate = (source: string): ParsedTemplate => {
  const pieces = splitTemplate(source);
  const defined = new Map<string, readonly Node[]>();
  let at = 0;

  /** Reads up to the action that ends a block, and says which. `opened` is the line of the block. */
  const readBlock = (
    opened: number | undefined,
  ): { readonly nodes: readonly Node[]; readonly end: readonly Token[] } => {
    const nodes: Node[] = [];
    for (let piece = pieces[at++]; piece !== undefined; piece = pieces[at++]) {
      const tokens = piece.kind === "text" ? [] : tokenize(piece.text, piece.line);
      const word = tokens[0]?.kind === "word" ? tokens[0].text : undefined;
      if (word === "end" || word === "else") return { nodes, end: ending(tokens, piece.line, opened) };
      nodes.push(...(piece.kind === "text" ? [piece] : readAction(word, tokens, piece.line)));
    }
    if (opened !== undefined) throw new TemplateError(opened, "is not closed by {{ end }}");
    return { nodes, end: [] };
  };

  const readAction = (word: string | undefined, tokens: readonly Token[], line: number): readonly Node[] => {
    switch (word) {
      case "if":
      case "with":
      case "range":
        return [readBranch(word, tokens.slice(1), line)];
      case "define": {
        defined.set(nameOf(tokens[1], line), readWhole(line));
        return [];
      }
      case "block": {
        const name = nameOf(tokens[1], line);
        defined.set(name, readWhole(line));
        return [{ kind: "template", name, value: parseExpression(tokens.slice(2), line), line }];
      }
      case "template": {
        const value: Expression =
          tokens.length > 2 ? parseExpression(tokens.slice(2), line) : { kind: "constant", value: null };
        return [{ kind: "template", name: nameOf(tokens[1], line), value, line }];
      }
      case "break":
      case "continue":
        throw new TemplateError(line, `{{ ${word} }} is not understood`);
      default:
        return [readValue(tokens, line)];
    }
  };

  const readWhole = (line: number): readonly Node[] => {
    const { nodes, end } = readBlock(line);
    if (end[0]?.text !== "end") throw new TemplateError(line, "has no {{ else }}");
    return nodes;
  };

  const readBranch = (kind: "if" | "with" | "range", tokens: readonly Token[], line: number): Node => {
    const { names, rest } = readNames(tokens);
    const value = parseExpression(rest, line);
    const { nodes: then, end } = readBlock(line);
    const otherwise = readElse(kind, end, line);
    if (kind === "range") return { kind, value, names, then, otherwise, line };
    if (names.length > 1) throw new TemplateError(line, `{{ ${kind} }} sets one variable`);
    return { kind, value, name: names[0], then, otherwise, line };
  };

  const readElse = (kind: "if" | "with" | "range", end: readonly Token[], line: number): readonly Node[] => {
    const [word, next, ...rest] = end;
    if (word?.text === "end") return [];
    if (next === undefined) return readWhole(line);
    if (next.kind === "word" && next.text === kind && kind !== "range") return [readBranch(kind, rest, line)];
    throw new TemplateError(line, `{{ else ${next.text} }} is not understood`);
  };

  const { nodes } = readBlock(undefined);
  return { nodes, defined };
};

const ending = (tokens: readonly Token[], line: number, opened: number | undefined): readonly Token[] => {
  if (opened === undefined) throw new TemplateError(line, `{{ ${tokens[0]?.text} }} closes nothing`);
  return tokens;
};

/** `$x := …`, `$key, $value := …`. */
const readNames = (
  tokens: readonly Token[],
): { readonly names: readonly string[]; readonly rest: readonly Token[] } => {
  const [first, sign, second, other] = tokens;
  if (first?.kind !== "variable") return { names: [], rest: tokens };
  if (sign?.text === ":=") return { names: [first.text], rest: tokens.slice(2) };
  return sign?.text === "," && second?.kind === "variable" && other?.text === ":="
    ? { names: [first.text, second.text], rest: tokens.slice(4) }
    : { names: [], rest: tokens };
};

/** A value that is printed, or a variable that is set. */
const readValue = (tokens: readonly Token[], line: number): Node => {
  const [first, sign] = tokens;
  if (first === undefined) throw new TemplateError(line, "an action is empty");
  if (first.kind === "variable" && sign?.kind === "sign" && (sign.text === ":=" || sign.text === "="))
    return {
      kind: "set",
      name: first.text,
      isNew: sign.text === ":=",
      value: parseExpression(tokens.slice(2), line),
      line,
    };
  return { kind: "print", value: parseExpression(tokens, line), line };
};

const nameOf = (token: Token | undefined, line: number): string => {
  if (token?.kind !== "string") throw new TemplateError(line, "the name of a template must be a text in quotes");
  return token.text;
};
