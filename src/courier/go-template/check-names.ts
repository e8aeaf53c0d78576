import { anyShape, mapShape, plainShape, type Shape } from "./shape.ts";
import type { Expression, Node } from "./syntax.ts";
import { TemplateError } from "./template-error.ts";
import { momentMembers } from "./values.ts";

/** What checking needs. */
export interface CheckOptions {
  /** What `$` is. */
  readonly data: Shape;
  find(name: string, line: number): readonly Node[];
}

interface Scope {
  readonly dot: Shape;
  readonly root: Shape;
  readonly variables: ReadonlyMap<string, Shape>;
}

const momentShape = mapShape(Object.fromEntries(Object.keys(momentMembers).map((name) => [name, plainShape])));

/**
 * Holds a template, with those that it includes, against the members that its data has, and its variables against
 * those that it sets.
 *
 * @throws TemplateError
 */
export const checkNames = (nodes: readonly Node[], { data, find }: CheckOptions): void => {
  const seen = new Map<string, Set<Shape>>();

  const walk = (all: readonly Node[], outer: Scope): void => {
    let scope = outer;
    for (const node of all) scope = step(node, scope);
  };

  const step = (node: Node, scope: Scope): Scope => {
    if (node.kind === "text") return scope;
    const shape = shapeOf(node.value, scope, node.line);
    switch (node.kind) {
      case "print":
        return scope;
      case "set":
        if (!node.isNew && !scope.variables.has(node.name)) throw noVariable(node.name, node.line);
        return withVariables(scope, [[node.name, node.isNew ? shape : anyShape]]);
      case "template":
        include(node, shape);
        return scope;
      case "range": {
        const entry = entryOf(shape, node.line);
        const names = node.names.map((name, at): readonly [string, Shape] => [
          name,
          at === node.names.length - 1 ? entry : plainShape,
        ]);
        walk(node.then, { ...withVariables(scope, names), dot: entry });
        walk(node.otherwise, scope);
        return scope;
      }
      default: {
        const inner = node.name === undefined ? scope : withVariables(scope, [[node.name, shape]]);
        walk(node.then, node.kind === "with" ? { ...inner, dot: shape } : inner);
        walk(node.otherwise, inner);
        return scope;
      }
    }
  };

  const include = ({ name, line }: Node & { readonly kind: "template" }, dot: Shape): void => {
    const shapes = seen.get(name) ?? new Set();
    if (shapes.has(dot)) return;
    seen.set(name, shapes.add(dot));
    const included = find(name, line);
    try {
      walk(included, { dot, root: dot, variables: new Map() });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new TemplateError(line, `in ${JSON.stringify(name)}, ${error.message}`);
    }
  };

  walk(nodes, { dot: data, root: data, variables: new Map() });
};

const withVariables = (scope: Scope, more: readonly (readonly [string, Shape])[]): Scope => ({
  ...scope,
  variables: new Map([...scope.variables, ...more]),
});

const noVariable = (name: string, line: number): TemplateError =>
  new TemplateError(line, `there is no variable $${name}`);

const entryOf = (shape: Shape, line: number): Shape => {
  if (shape.kind === "list") return shape.of;
  if (shape.kind === "any") return anyShape;
  if (shape.kind === "plain") return plainShape;
  const [first, ...others] = Object.values(shape.members);
  if (first === undefined) throw new TemplateError(line, "{{ range }} goes through what has no members");
  return others.every((other) => other === first) ? first : anyShape;
};

const shapeOf = (expression: Expression, scope: Scope, line: number): Shape => {
  switch (expression.kind) {
    case "constant":
      return expression.value === null ? anyShape : plainShape;
    case "field":
      return follow(scope.dot, expression.path, { from: "", line });
    case "variable": {
      const { name, path } = expression;
      const shape = name === "" ? scope.root : scope.variables.get(name);
      if (shape === undefined) throw noVariable(name, line);
      return follow(shape, path, { from: name === "" ? "" : `$${name}`, line });
    }
    case "member":
      return follow(shapeOf(expression.of, scope, line), expression.path, { from: "(…)", line });
    case "call":
      return resultOf(expression, scope, line);
  }
};

const resultOf = ({ name, args }: Expression & { readonly kind: "call" }, scope: Scope, line: number): Shape => {
  const [first, ...others] = args.map((arg) => shapeOf(arg, scope, line));
  if (name === "now") return momentShape;
  if (first?.kind === "list" && (name === "first" || name === "last")) return first.of;
  if (name !== "index" || first === undefined) return anyShape;
  // `index .Identity.traits "name"` names a member as well.
  return others.reduce((shape, _, at) => {
    const key = args[at + 1];
    if (shape.kind === "list") return shape.of;
    const member = key?.kind === "constant" && typeof key.value === "string" ? key.value : undefined;
    return member === undefined || shape.kind !== "map" ? anyShape : follow(shape, [member], { from: "(…)", line });
  }, first);
};

const follow = (
  from: Shape,
  path: readonly string[],
  { from: start, line }: { readonly from: string; readonly line: number },
): Shape => {
  let shape = from;
  let place = start;
  for (const name of path) {
    if (shape.kind === "any") return anyShape;
    const members = shape.kind === "map" ? shape.members : {};
    const found = Object.hasOwn(members, name) ? members[name] : undefined;
    if (found === undefined) throw new TemplateError(line, missing(place, name, Object.keys(members)));
    shape = found;
    place = `${place}.${name}`;
  }
  return shape;
};

const missing = (place: string, name: string, names: readonly string[]): string => {
  const all = names.map((known) => `.${known}`).join(", ");
  if (names.length === 0) return `there is no ${place}.${name}: ${place === "" ? "the dot" : place} has no members`;
  return place === "" ? `there is no .${name}; there are ${all}` : `there is no ${place}.${name}; ${place} has ${all}`;
};
