import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import unreached from "../contract/unreached-errors.json" with { type: "json" };
import { notesOf } from "./database.ts";
import { failedTests } from "./failed-tests.ts";
import { missedErrors } from "./rpc-errors.ts";
import { slowestFiles } from "./slowest-files.ts";

interface Total {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of a run. A module that could not be loaded, or a hook that
 * failed outside any test, is counted as one failure, so that a run never
 * looks better than it was.
 */
function count(modules: readonly TestModule[], stray: readonly SerializedError[]): Total {
  const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  const broken = modules.flatMap((module) =>
    [module.errors(), ...[...module.children.allSuites()].map((suite) => suite.errors())].flat(),
  );
  const passed = tests.filter((state) => state === "passed").length;
  const skipped = tests.filter((state) => state === "skipped").length;
  return { passed, skipped, failed: tests.length - passed - skipped + broken.length + stray.length };
}

/** The errors that were observed in all processes of the run. */
function readNotes(): ReadonlySet<string> {
  const notes = notesOf(process.pid);
  return new Set(
    readdirSync(notes)
      .filter((name) => name.endsWith(".errors"))
      .flatMap((name) => readFileSync(path.join(notes, name), "utf8").split("\n")),
  );
}

/**
 * Prints `N passed, N failed, N skipped` as the very last line, for people and
 * for CI, also when the run broke down before any test could start; before it,
 * the files that took longest and the tests that failed, so that the end of a log
 * says what is wrong. A run of all tests fails as well for each error that an RPC
 * lists and that none of them reached.
 */
export default function createSummaryReporter(): Reporter {
  let total: Total = { passed: 0, failed: 1, skipped: 0 };
  const named: { title: string; lines: readonly string[] }[] = [];
  let missed: readonly string[] = [];
  let vitest: Vitest | undefined;
  return {
    onInit(context) {
      vitest = context;
      // The other reporters print until the run is over; this comes after all of them, coverage included.
      process.once("exit", (code) => {
        const failed = code === 0 ? total.failed : Math.max(total.failed + missed.length, 1);
        for (const { title, lines } of [...named, { title: "No test reaches", lines: missed }])
          if (lines.length > 0) process.stdout.write(`\n${title}:\n${lines.join("\n")}\n`);
        process.stdout.write(`\n${total.passed} passed, ${failed} failed, ${total.skipped} skipped\n`);
      });
    },
    async onTestRunEnd(modules, stray) {
      total = count(modules, stray);
      named.push(
        { title: "The slowest files", lines: modules.length > 1 ? slowestFiles(modules) : [] },
        { title: "Failed", lines: failedTests(modules, stray) },
      );
      // A part of the tests, or tests that failed, cannot have reached everything; `make cover` runs a part.
      if (vitest?.config.coverage.enabled) return;
      const all = await vitest?.globTestSpecifications();
      if (total.failed > 0 || total.skipped > 0 || modules.length !== all?.length) return;
      const found = missedErrors(readNotes(), unreached);
      // Only named: some are reached only on a machine that is busy, or only on one that is not.
      for (const each of found.reached)
        process.stderr.write(`${each}: take it out of test/contract/unreached-errors.json\n`);
      missed = found.missed;
      if (missed.length > 0) process.exitCode = 1;
    },
  };
}
