import type { RegExpEngine } from "ajv/dist/types/index.js";
import { RE2JS } from "re2js";
import { bounds } from "./bounds.ts";

/** A compiled `pattern`. */
export interface Pattern {
  test(value: string): boolean;
  toString(): string;
}

/**
 * Compiles a `pattern` in the RE2 dialect, which runs in time linear in its
 * input whatever the pattern, and so has neither lookaround nor back
 * references: for those it throws. A value beyond the bound matches nothing.
 */
export function compilePattern(pattern: string): Pattern {
  const compiled = RE2JS.compile(pattern);
  return {
    test: (value) => value.length <= bounds.patternInput && compiled.test(value),
    // ajv tells patterns apart by this.
    toString: () => `re2:${pattern}`,
  };
}

/** The engine that ajv runs every `pattern` and `patternProperties` with. */
export const patternEngine: RegExpEngine = Object.assign((pattern: string) => compilePattern(pattern), {
  code: "compilePattern",
});
