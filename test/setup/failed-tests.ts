import type { SerializedError } from "vitest";
import type { TestCase, TestModule } from "vitest/node";

const firstLine = (message: string): string => (message.split("\n")[0] ?? "").slice(0, 200);

/** A test that failed. */
const lineOf = (test: TestCase): string =>
  `${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors?.[0]?.message ?? "no error")}`;

/** What failed, as lines: the file, the full name of the test, and the first line of the error. */
export const failedTests = (modules: readonly TestModule[], stray: readonly SerializedError[]): readonly string[] => [
  ...modules.flatMap((module) => [
    ...[...module.children.allTests("failed")].map(lineOf),
    ...[module.errors(), ...[...module.children.allSuites()].map((suite) => suite.errors())]
      .flat()
      .map(({ message }) => `${module.relativeModuleId}: ${firstLine(message)}`),
  ]),
  ...stray.map(({ message }) => `outside of any test: ${firstLine(message)}`),
];
