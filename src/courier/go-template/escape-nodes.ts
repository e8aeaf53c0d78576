import type { Escaper } from "./escape.ts";
import { type HtmlState, joinStates, startOfHtml, stateKey } from "./html-state.ts";
import { scanHtml } from "./scan-html.ts";
import type { Expression, Node } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/** A template whose values are judged by where in the HTML they stand. */
export interface EscapedTemplate {
  readonly nodes: readonly Node[];
  /** What is done with each value that is printed. */
  readonly escapers: ReadonlyMap<Node, readonly Escaper[]>;
  /** What each inclusion includes: a template is another one wherever else it is included. */
  readonly included: ReadonlyMap<Node, () => readonly Node[]>;
}

/** What judging needs. */
export interface EscapeOptions {
  find(name: string, line: number): readonly Node[];
  readonly hasComments: boolean;
}

/** How deep templates may include each other: a run goes no deeper. */
const DEEPEST = 16;

interface Inclusion {
  nodes: readonly Node[];
  end: HtmlState;
  /** Whether it includes itself, by what was assumed of its end. */
  isAssumed: boolean;
  isDone: boolean;
}

interface Walked {
  readonly nodes: readonly Node[];
  readonly end: HtmlState;
}

/**
 * Finds where in the HTML each value of a template stands, those of included templates from where these are included.
 *
 * @throws TemplateError where a value could change what the document is: in the name of an element or attribute, in
 * scripts and style sheets, and in attributes without quotes; and for branches that end in different places
 */
export const escapeNodes = (root: readonly Node[], { find, hasComments }: EscapeOptions): EscapedTemplate => {
  const escapers = new Map<Node, readonly Escaper[]>();
  const included = new Map<Node, () => readonly Node[]>();
  const inclusions = new Map<string, Inclusion>();

  const walk = (nodes: readonly Node[], from: HtmlState): Walked => {
    let end = from;
    const walked: Node[] = [];
    for (const node of nodes) {
      const [next, after] = step(node, end);
      if (next !== undefined) walked.push(next);
      end = after;
    }
    return { nodes: walked, end };
  };

  const step = (node: Node, from: HtmlState): readonly [Node | undefined, HtmlState] => {
    switch (node.kind) {
      case "text": {
        const { text, end } = scanHtml(node.text, { from, line: node.line, hasComments });
        return [{ ...node, text }, end];
      }
      case "print":
        return [print(node, from), from];
      case "set":
        return [node, from];
      case "template": {
        const copy = { ...node };
        const inclusion = include(node, from);
        included.set(copy, () => inclusion.nodes);
        return [copy, inclusion.end];
      }
      default:
        return branch(node, from);
    }
  };

  const print = (node: Node & { readonly kind: "print" }, from: HtmlState): Node | undefined => {
    if (from.in === "comment" && !hasComments) return undefined;
    const needed = escapersFor(from, node.line);
    const merged = merge(node.value, needed);
    const copy = { ...node, value: merged.value };
    escapers.set(copy, merged.escapers);
    return copy;
  };

  const branch = (
    node: Node & { readonly kind: "if" | "with" | "range" },
    from: HtmlState,
  ): readonly [Node, HtmlState] => {
    const body = walk(node.then, from);
    // What is repeated begins where it ends, too.
    const again = node.kind === "range" ? joinStates(body.end, walk(node.then, body.end).end, node.line) : body.end;
    const rest = walk(node.otherwise, from);
    const [then, otherwise] = [body.nodes, rest.nodes];
    return [{ ...node, then, otherwise }, joinStates(again, rest.end, node.line)];
  };

  const include = ({ name, line }: Node & { readonly kind: "template" }, from: HtmlState): Inclusion => {
    const key = `${name} ${stateKey(from)}`;
    const known = inclusions.get(key);
    if (known !== undefined) {
      if (!known.isDone) known.isAssumed = true;
      return known;
    }
    const nodes = find(name, line);
    const inclusion: Inclusion = { nodes, end: from, isAssumed: false, isDone: false };
    inclusions.set(key, inclusion);
    // Each time it may stand somewhere else, such as further on in the name of an attribute.
    if ([...inclusions.values()].filter(({ isDone }) => !isDone).length > DEEPEST)
      throw new TemplateError(line, "templates include each other without end");
    let walked = within(name, line, () => walk(nodes, from));
    if (inclusion.isAssumed && stateKey(walked.end) !== stateKey(inclusion.end)) {
      inclusion.end = walked.end;
      walked = within(name, line, () => walk(nodes, from));
      if (stateKey(walked.end) !== stateKey(inclusion.end))
        throw new TemplateError(line, `where ${JSON.stringify(name)} ends cannot be known: it includes itself`);
    }
    return Object.assign(inclusion, { ...walked, isDone: true });
  };

  const { nodes, end } = walk(root, startOfHtml);
  if (end.in !== "text") throw new TemplateError(lastLine(root), `it ends within ${placeOf(end)}`);
  return { nodes, escapers, included };
};

/** What is wrong in an included template is so where it is included. */
const within = <T>(name: string, line: number, run: () => T): T => {
  try {
    return run();
  } catch (error) {
    throw error instanceof TemplateError
      ? new TemplateError(line, `in ${JSON.stringify(name)}, ${error.message}`)
      : error;
  }
};

const lastLine = (nodes: readonly Node[]): number => {
  const last = nodes.at(-1);
  return last === undefined ? 1 : last.line + (last.kind === "text" ? last.text.trimEnd().split("\n").length - 1 : 0);
};

const placeOf = (state: HtmlState): string => {
  if (state.in === "comment") return "a comment";
  return state.in === "raw" ? `<${state.element}>` : "a tag";
};

const escapersFor = (state: HtmlState, line: number): readonly Escaper[] => {
  switch (state.in) {
    case "text":
    case "comment":
      return ["text"];
    case "raw":
      if (state.element !== "script" && state.element !== "style") return ["text"];
      throw new TemplateError(line, `a value cannot stand within <${state.element}>`);
    case "value":
      return [...escapersOfValue(state, line), "text"];
    default:
      throw new TemplateError(line, "a value within a tag must stand in an attribute with quotes");
  }
};

const escapersOfValue = (state: HtmlState & { readonly in: "value" }, line: number): readonly Escaper[] => {
  if (state.quote === "") throw new TemplateError(line, "a value within a tag must stand in an attribute with quotes");
  switch (state.kind) {
    case "plain":
      return [];
    case "script":
      throw new TemplateError(line, `a value cannot stand in ${state.attribute}`);
    case "srcset":
      return ["srcset"];
    case "style":
      if (state.within === "") return ["style"];
      throw new TemplateError(line, "a value in a style cannot stand within quotes, url() or a comment");
    case "meta":
      return state.within === "url" ? ["urlFilter"] : [];
    case "url":
      break;
  }
  if (state.part === "unknown")
    throw new TemplateError(line, "a value stands in a URL where branches before it end in different parts of the URL");
  if (state.part === "query") return ["query"];
  return state.part === "path" ? ["url"] : ["urlFilter", "url"];
};

const replaces: Readonly<Record<string, readonly Escaper[]>> = { html: ["text"], urlquery: ["query", "url"] };

/** A value that the template escapes itself, by `html` or `urlquery` at its end, is not escaped twice. */
const merge = (
  value: Expression,
  needed: readonly Escaper[],
): { readonly value: Expression; readonly escapers: readonly Escaper[] } => {
  if (value.kind !== "call" || (value.name !== "html" && value.name !== "urlquery")) return { value, escapers: needed };
  const { name } = value;
  const same = replaces[name] ?? [];
  if (!needed.some((escaper) => same.includes(escaper))) return { value, escapers: needed };
  const [only] = value.args;
  return {
    value: value.args.length === 1 && only !== undefined ? only : { ...value, name: "print" },
    escapers: needed.map((escaper) => (same.includes(escaper) ? name : escaper)),
  };
};
