import type { Expression, Node } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";

/**
 * Holds a template against the members that its data has. Within `with` and `range` the dot is something else, and
 * only what is said of `$` can be known.
 *
 * @throws TemplateError
 */
export const checkFields = (nodes: readonly Node[], fields: readonly string[]): void => walk(nodes, true, 1, fields);

const walk = (nodes: readonly Node[], isRoot: boolean, from: number, fields: readonly string[]): void => {
  let line = from;
  for (const node of nodes) {
    if ("line" in node) line = node.line;
    if ("value" in node) check(node.value, isRoot, line, fields);
    if (!("then" in node)) continue;
    walk(node.then, isRoot && node.kind === "if", line, fields);
    walk(node.otherwise, isRoot, line, fields);
  }
};

const check = (expression: Expression, isRoot: boolean, line: number, fields: readonly string[]): void => {
  if (expression.kind === "call") for (const arg of expression.args) check(arg, isRoot, line, fields);
  if (expression.kind === "member") check(expression.of, isRoot, line, fields);
  const isOfRoot = expression.kind === "field" ? isRoot : expression.kind === "variable" && expression.name === "";
  const name = isOfRoot && "path" in expression ? expression.path[0] : undefined;
  if (name !== undefined && !fields.includes(name))
    throw new TemplateError(line, `there is no .${name}; there are ${fields.map((field) => `.${field}`).join(", ")}`);
};
