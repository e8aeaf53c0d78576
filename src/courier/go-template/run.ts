import { functions } from "./functions.ts";
import type { Expression, Node } from "./syntax.ts";
import type { Value } from "./value.ts";
import { isRecord, isTrue, memberOf } from "./values.ts";

/** What a run of a template goes by. */
export interface Run {
  readonly data: Value;
  readonly now: Date;
  /** A value as it is printed where the node stands. */
  print(node: Node & { readonly kind: "print" }, value: Value): string;
  find(node: Node & { readonly kind: "template" }): readonly Node[];
}

interface Scope {
  readonly dot: Value;
  /** What `$` stands for: the data of the template, of an included one what it is given. */
  readonly root: Value;
  readonly variables: Map<string, Value>;
  readonly outer: Scope | undefined;
  /** Inclusions within inclusions. */
  readonly depth: number;
}

const DEPTH = 16;
const LONGEST = 1_000_000;

/** Fills a template in. @throws RangeError when it prints too much, or includes itself without end */
export const runTemplate = (nodes: readonly Node[], run: Run): string => {
  const scope = { dot: run.data, root: run.data, variables: new Map(), outer: undefined, depth: 0 };
  return runAll(nodes, scope, run);
};

const runAll = (nodes: readonly Node[], scope: Scope, run: Run): string => {
  let text = "";
  for (const node of nodes) {
    text += step(node, scope, run);
    if (text.length > LONGEST) throw new RangeError("a template prints more than it may");
  }
  return text;
};

const step = (node: Node, scope: Scope, run: Run): string => {
  switch (node.kind) {
    case "text":
      return node.text;
    case "print":
      return run.print(node, evaluate(node.value, scope, run));
    case "set":
      setVariable(scope, node.name, node.isNew, evaluate(node.value, scope, run));
      return "";
    case "if":
    case "with":
      return branch(node, scope, run);
    case "range":
      return repeat(node, scope, run);
    case "template": {
      if (scope.depth >= DEPTH) throw new RangeError("templates include each other without end");
      const dot = evaluate(node.value, scope, run);
      const inner = { dot, root: dot, variables: new Map(), outer: undefined, depth: scope.depth + 1 };
      return runAll(run.find(node), inner, run);
    }
  }
};

const branch = (node: Node & { readonly kind: "if" | "with" }, scope: Scope, run: Run): string => {
  const value = evaluate(node.value, scope, run);
  const holds = isTrue(value);
  const inner = within(scope, node.kind === "with" && holds ? value : scope.dot);
  if (node.name !== undefined) inner.variables.set(node.name, value);
  return runAll(holds ? node.then : node.otherwise, inner, run);
};

const repeat = (node: Node & { readonly kind: "range" }, scope: Scope, run: Run): string => {
  const entries = entriesOf(evaluate(node.value, scope, run));
  if (entries.length === 0) return runAll(node.otherwise, within(scope, scope.dot), run);
  let text = "";
  for (const entry of entries) {
    const inner = within(scope, entry[1]);
    const named = node.names.length === 1 ? [entry[1]] : entry;
    for (const [at, name] of node.names.entries()) inner.variables.set(name, named[at]);
    text += runAll(node.then, inner, run);
    if (text.length > LONGEST) throw new RangeError("a template prints more than it may");
  }
  return text;
};

/** What `range` goes through: a list by position, a map by its keys in order, the whole numbers below one. */
const entriesOf = (value: Value): readonly (readonly [Value, Value])[] => {
  if (Array.isArray(value)) return value.map((entry, at) => [BigInt(at), entry]);
  if (typeof value === "bigint")
    return Array.from({ length: Math.min(Math.max(Number(value), 0), LONGEST) }, (_, at) => [BigInt(at), BigInt(at)]);
  return isRecord(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
};

const within = (outer: Scope, dot: Value): Scope => ({
  dot,
  root: outer.root,
  variables: new Map(),
  outer,
  depth: outer.depth,
});

const setVariable = (scope: Scope, name: string, isNew: boolean, value: Value): void => {
  let place: Scope | undefined = scope;
  while (!isNew && place !== undefined && !place.variables.has(name)) place = place.outer;
  (place ?? scope).variables.set(name, value);
};

const readVariable = (scope: Scope, name: string): Value => {
  let place: Scope | undefined = scope;
  while (place !== undefined && !place.variables.has(name)) place = place.outer;
  return place?.variables.get(name);
};

const follow = (value: Value, path: readonly string[]): Value => path.reduce(memberOf, value);

const evaluate = (expression: Expression, scope: Scope, run: Run): Value => {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "field":
      return follow(scope.dot, expression.path);
    case "variable":
      return follow(expression.name === "" ? scope.root : readVariable(scope, expression.name), expression.path);
    case "member":
      return follow(evaluate(expression.of, scope, run), expression.path);
    case "call":
      return functions[expression.name]?.run(
        expression.args.map((arg) => evaluate(arg, scope, run)),
        run.now,
      );
  }
};
