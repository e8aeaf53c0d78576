import { checkFields } from "./check-fields.ts";
import { escapeFor } from "./escape.ts";
import { findHtmlContexts, type HtmlContext } from "./html-context.ts";
import { parseTemplate } from "./parse.ts";
import { runTemplate } from "./run.ts";
import type { Node } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";
import { printValue, type Value } from "./values.ts";

/** A template that can be filled in. */
export interface Template {
  /**
   * @param now when the message was written: what `now` gives
   * @throws RangeError when it prints too much, or includes itself without end
   */
  render(data: Value, now: Date): string;
}

/** How a template is read. */
export interface CompileOptions {
  /** Values are escaped for where they stand in HTML; of `text` they stay as they are. */
  readonly kind: "html" | "text";
  /** The members that the data may have. Another one is a mistake. */
  readonly fields: readonly string[];
  /** Other templates that it may include, by name: `{{ template "name" . }}`. */
  readonly others?: Readonly<Record<string, string>>;
}

/**
 * Reads a Go template for good.
 *
 * @throws TemplateError for what is wrong with it, and for what this server does not do
 */
export const compileTemplate = (source: string, { kind, fields, others = {} }: CompileOptions): Template => {
  const { nodes, defined } = parseTemplate(source);
  const included = new Map(defined);
  const contexts = new Map<Node, HtmlContext>();

  /** Files beside it are read when one of them is included: they may be there for another template. */
  const find = (name: string, line: number): readonly Node[] => {
    const known = included.get(name);
    if (known !== undefined) return known;
    const text = Object.hasOwn(others, name) ? others[name] : undefined;
    if (text === undefined) throw new TemplateError(line, `the template ${JSON.stringify(name)} is not there`);
    const parsed = parseOther(name, text);
    included.set(name, parsed.nodes);
    for (const [inner, value] of parsed.defined) if (!included.has(inner)) included.set(inner, value);
    prepare(parsed.nodes);
    return parsed.nodes;
  };

  const prepare = (all: readonly Node[]): void => {
    if (kind === "html") for (const [node, context] of findHtmlContexts(all)) contexts.set(node, context);
    for (const node of flatten(all)) if (node.kind === "template") find(node.name, node.line);
  };

  checkFields(nodes, fields);
  prepare(nodes);
  for (const inner of defined.values()) prepare(inner);

  return {
    render: (data, now) =>
      runTemplate(nodes, {
        data,
        now,
        find: ({ name, line }) => find(name, line),
        print: (node, value) => {
          const text = printValue(value);
          return kind === "html" ? escapeFor[contexts.get(node) ?? "text"](text) : text;
        },
      }),
  };
};

const parseOther = (name: string, text: string) => {
  try {
    return parseTemplate(text);
  } catch (error) {
    throw error instanceof TemplateError ? new TemplateError(error.line, `of ${name}: ${error.message}`) : error;
  }
};

/** Every node, those within others included. */
const flatten = (nodes: readonly Node[]): readonly Node[] =>
  nodes.flatMap((node) => ("then" in node ? [node, ...flatten(node.then), ...flatten(node.otherwise)] : [node]));
