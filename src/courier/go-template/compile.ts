import { checkNames } from "./check-names.ts";
import { escapeBy } from "./escape.ts";
import { escapeNodes } from "./escape-nodes.ts";
import { createFindTemplate } from "./find-template.ts";
import { parseTemplate } from "./parse.ts";
import { runTemplate } from "./run.ts";
import type { Shape } from "./shape.ts";
import type { Value } from "./value.ts";
import { printValue } from "./values.ts";

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
  readonly data: Shape;
  /** Other templates that it may include, by name: `{{ template "name" . }}`. */
  readonly others?: Readonly<Record<string, string>>;
  /** Whether comments of HTML stay, which some mail programs read. */
  readonly hasComments?: boolean;
}

/**
 * Reads a Go template for good.
 *
 * @throws TemplateError for what is wrong with it, and for what this server does not do
 */
export const compileTemplate = (
  source: string,
  { kind, data: shape, others = {}, hasComments = false }: CompileOptions,
): Template => {
  const parsed = parseTemplate(source);
  const find = createFindTemplate(parsed.defined, others);
  checkNames(parsed.nodes, { data: shape, find });
  if (kind === "text")
    return {
      render: (data, now) =>
        runTemplate(parsed.nodes, {
          data,
          now,
          print: (_, value) => printValue(value),
          find: ({ name, line }) => find(name, line),
        }),
    };
  const { nodes, escapers, included } = escapeNodes(parsed.nodes, { find, hasComments });
  return {
    render: (data, now) =>
      runTemplate(nodes, {
        data,
        now,
        print: (node, value) => escapeBy(escapers.get(node) ?? ["text"], printValue(value)),
        find: (node) => included.get(node)?.() ?? [],
      }),
  };
};
