import type { JsonnetEngine } from "../../../lib/jsonnet/engine.ts";
import type { Mapper } from "./mapper.ts";
import { readMapped } from "./read-mapped.ts";

/** What a Jsonnet mapper is made of. */
export interface JsonnetMapperDeps {
  /** Returns the program; may go over the network, and caches. */
  readonly source: () => Promise<string>;
  readonly engine: JsonnetEngine;
}

/** Creates a mapper that runs a Jsonnet program, with `claims` and `identity` as external variables. */
export const createJsonnetMapper = ({ source, engine }: JsonnetMapperDeps): Mapper => ({
  map: async (claims, identity = {}) => {
    let program: string;
    try {
      program = await source();
    } catch (error) {
      return { kind: "failed", explain: `the mapper cannot be read: ${String(error)}` };
    }
    const evaluated = await engine.run({
      source: program,
      variables: { claims: JSON.stringify(claims), identity: JSON.stringify(identity) },
      salvage: "identity",
    });
    if (evaluated.kind === "error") return { kind: "failed", explain: evaluated.explain };
    const mapped = readMapped(JSON.parse(evaluated.json));
    if (typeof mapped === "string") return { kind: "failed", explain: mapped };
    return evaluated.kind === "absent"
      ? { kind: "incomplete", mapped, explain: evaluated.explain }
      : { kind: "mapped", mapped };
  },

  check: async () => {
    try {
      const evaluated = await engine.run({
        source: await source(),
        variables: { claims: "{}", identity: "{}" },
        check: true,
      });
      return evaluated.kind === "error" ? evaluated.explain : undefined;
    } catch (error) {
      return String(error);
    }
  },
});
