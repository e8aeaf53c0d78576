import type { TestModule } from "vitest/node";

/** How long a test file took, in milliseconds: loading it, and running its hooks and tests. */
const durationOf = (module: TestModule): number => {
  const { collectDuration, setupDuration, duration } = module.diagnostic();
  return collectDuration + setupDuration + duration;
};

/** The test files that took longest, as lines of a table: seconds, tests, name. The longest is first. */
export const slowestFiles = (modules: readonly TestModule[], count = 10): readonly string[] =>
  modules
    .map((module) => ({ module, took: durationOf(module) }))
    .toSorted((one, other) => other.took - one.took)
    .slice(0, count)
    .map(({ module, took }) => {
      const tests = [...module.children.allTests()].length;
      return `${(took / 1000).toFixed(1).padStart(8)} s ${String(tests).padStart(5)} tests  ${module.relativeModuleId}`;
    });
