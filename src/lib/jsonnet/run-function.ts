import type { JsonValue } from "@bufbuild/protobuf";
import type { JsonnetEngine } from "./engine.ts";
import type { Evaluated } from "./evaluate.ts";

/** The program that calls the function which a program is: `function(ctx) {…}`. Its lines stay where they were. */
const callOf = (source: string): string => `(${source}\n)(std.extVar('ctx'))`;

/** Calls a program that is a function of one parameter, as those that make bodies of requests are. */
export const runFunction = (engine: JsonnetEngine, source: string, argument: JsonValue): Promise<Evaluated> =>
  engine.run({ source: callOf(source), variables: { ctx: JSON.stringify(argument) } });

/** What is wrong with such a program at sight; undefined when nothing is. */
export const checkFunction = async (engine: JsonnetEngine, source: string): Promise<string | undefined> => {
  const evaluated = await engine.run({ source: callOf(source), variables: { ctx: "{}" }, check: true });
  return evaluated.kind === "error" ? evaluated.explain : undefined;
};
