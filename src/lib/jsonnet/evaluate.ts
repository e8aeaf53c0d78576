import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { findUnknownStd, unknownStdMessage } from "./find-unknown-std.ts";
import type { Jsonnet } from "./jsonnet.ts";
import { stdAdditions } from "./std-fields.ts";

/** A program and what it is given. */
export interface Job {
  readonly source: string;
  /** What `std.extVar` gives, by name, as JSON texts. Names are those of Jsonnet. */
  readonly variables: Readonly<Record<string, string>>;
  /** A member of the answer: what of it can be known is given when the program asks for something that is absent. */
  readonly salvage?: string;
  /** Parses only. */
  readonly check?: boolean;
}

/** How a program ended. Plain data: it comes from another thread. */
export type Evaluated =
  | { readonly kind: "value"; readonly json: string }
  /** A field was asked for that is not there; what the others gave. */
  | { readonly kind: "absent"; readonly json: string; readonly explain: string }
  /**
   * `cancelled`: the program ended itself with `error "cancel"`. `isTooLong`: its answer is longer than it may be, as
   * it will be for the same input each time. `transient`: it did not end, for want of time, memory or a thread, which
   * a machine that is less busy may have.
   */
  | {
      readonly kind: "error";
      readonly explain: string;
      readonly cancelled?: true;
      readonly isTooLong?: true;
      readonly transient?: true;
    };

/**
 * Evaluations that looking for what can be known may take, milliseconds of this thread, and milliseconds in all, which
 * are more so that a busy machine takes little away, and less than the engine gives a job.
 */
const ATTEMPTS = 64;
const LIFESPAN = 300;
const LIFESPAN_IN_ALL = 700;
const DEPTH = 4;
const ABSENT = /^no such field: /;
const CANCELLED = /^runtime error: cancel$/i;
const SAID = 300;

const usedTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/**
 * Runs a program. When it asks for a field that is not there, and `salvage`
 * is given, what does not depend on that field is evaluated by itself: Jsonnet is
 * lazy, so the rest is still to be had.
 *
 * @param outputLimit characters of the answer
 */
export const evaluate = (
  jsonnet: Jsonnet,
  { source, variables, salvage: wanted, check }: Job,
  outputLimit: number,
): Evaluated => {
  const run = (expression: string) => jsonnet(expression, variables);
  const prelude = preludeOf(Object.keys(variables));
  const unknown = findUnknownStd(source);
  if (unknown.length > 0) return { kind: "error", explain: unknownStdMessage(unknown) };
  if (check)
    return readValue(run(`if true then {} else (${prelude}${source}\n)`)) ?? { kind: "error", explain: "unreachable" };

  const text = run(`${prelude}${source}`);
  const whole = withoutValues(readValue(text), source);
  if (whole?.kind === "value") return text.length > outputLimit ? tooLong(outputLimit) : whole;
  if (whole && (wanted === undefined || !ABSENT.test(whole.explain))) return whole;
  const member = wanted ?? "";

  let attempts = 0;
  const until = usedTime() + LIFESPAN;
  const latest = performance.now() + LIFESPAN_IN_ALL;
  const at = (path: readonly string[]) =>
    `local ostiary_answer = (${prelude}${source}\n); ` +
    `ostiary_answer${path.map((key) => `[${JSON.stringify(key)}]`).join("")}`;
  const salvage = (path: readonly string[], depth: number): JsonValue | undefined => {
    if (attempts++ >= ATTEMPTS || usedTime() > until || performance.now() > latest) return undefined;
    const value = parse(run(at(path)));
    if (value !== undefined || depth === 0) return value;
    const fields = parse(
      run(
        `local ostiary_value = (${at(path)}); if std.isObject(ostiary_value) then ` +
          "std.objectFields(ostiary_value) else []",
      ),
    );
    if (!Array.isArray(fields) || fields.length === 0) return undefined;
    const found: Record<string, JsonValue> = {};
    for (const field of fields) {
      const value = salvage([...path, String(field)], depth - 1);
      if (value !== undefined) found[String(field)] = value;
    }
    return found;
  };
  const found = salvage([member], DEPTH) as JsonObject | undefined;
  // An address is never half verified: a list that does not evaluate whole is left out.
  const json = JSON.stringify({ [member]: found ?? {} });
  return json.length > outputLimit ? tooLong(outputLimit) : { kind: "absent", json, explain: whole?.explain ?? "" };
};

const tooLong = (limit: number): Evaluated => ({
  kind: "error",
  explain: `the answer is longer than ${limit} characters`,
  isTooLong: true,
});

const variable = (name: string): string => `${name}: ostiary_std.parseJson(ostiary_std.extVar('${name}'))`;

/**
 * What stands before every program, on its first line so that the lines of its
 * errors are right. `std.extVar` gives objects, as it does in Ory Kratos; there
 * are no functions of the host.
 */
const preludeOf = (names: readonly string[]): string =>
  [
    "local ostiary_std = std",
    `ostiary_variables = { ${names.map(variable).join(", ")} }`,
    "arakoo = null; local std = ostiary_std + { " +
      "extVar(name):: if ostiary_std.objectHas(ostiary_variables, name) then ostiary_variables[name]" +
      " else error 'there is no external variable ' + name, native(name):: error 'there are no native functions'",
    `${stdAdditions} }; `,
  ].join(", ");

/** The engine answers errors in the place of the value; they are no JSON. */
const readValue = (
  text: string,
):
  | { readonly kind: "value"; readonly json: string }
  | {
      readonly kind: "error";
      readonly explain: string;
      readonly line: string | undefined;
      readonly cancelled?: true;
    } => {
  if (parse(text) !== undefined) return { kind: "value", json: text };
  const [first = ""] = text.split("\n");
  // The trace says where; columns of the first line are those of the prelude.
  const [, line] = /^\s+program:(\d+):/m.exec(text.slice(first.length)) ?? [];
  return { kind: "error", explain: first.slice(0, SAID), line };
};

/**
 * What an error says without what it quotes: what the program was given may stand in it. What is
 * reported is its kind, where in the program it happened, and a name that stands in
 * the program itself.
 */
const withoutValues = (outcome: ReturnType<typeof readValue>, source: string): ReturnType<typeof readValue> => {
  if (outcome.kind === "value") return outcome;
  const { explain, line } = outcome;
  if (CANCELLED.test(explain)) return { ...outcome, explain: "the program cancelled it", cancelled: true };
  const [, absent] = /^no such field: (.*)$/s.exec(explain) ?? [];
  if (absent !== undefined)
    return { ...outcome, explain: `no such field${source.includes(absent) ? `: ${absent}` : ""}` };
  const kind = kinds.find((known) => explain.startsWith(known)) ?? "an error";
  return {
    ...outcome,
    explain: kind === "syntax error" ? explain : `${kind}${line === undefined ? "" : ` on line ${line}`}`,
  };
};

/** How the engine's errors begin. */
const kinds = [
  "array out of bounds",
  "assert failed",
  "attempted to divide by zero",
  "attempted to index",
  "binary operation",
  "external variable is not defined",
  "import io error",
  "infinite recursion",
  "parameter",
  "runtime error",
  "stack overflow",
  "string index type",
  "syntax error",
  "too many args",
  "type error",
  "unary operation",
  "variable is not defined",
];

const parse = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
