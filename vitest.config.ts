import path from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/setup/longest-first.ts";

/** Where what the server decides is written. */
const coveredFolders = ["account", "flows", "identity", "methods", "server", "session"];

process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, "node_modules/.cache/ostiary");

/** Every suite of the project runs from here: `make test`, `make test T=unit/config` for a part of it. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A cluster of its own and a minute of load: `make test ENGINE=galera`.
    exclude: process.env.ENGINE === "galera" ? [] : ["test/galera/**"],
    globalSetup: ["test/setup/database.ts"],
    setupFiles: ["test/setup/every-file.ts"],
    reporters: ["default", "./test/setup/reporter.ts"],
    sequence: { sequencer: LongestFirst },
    pool: "forks",
    // Node reads the sources as it does in production; compiled code is stored, as bin/ostiary has it. No module is
    // replaced by another in a test, so that nothing has to stand between.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // The files of a worker share the modules that it has loaded: loading them for each file took a third of the time.
    isolate: false,
    // As many as processors that the limit is meant for. A third one takes as long to compile the code as it saves.
    maxWorkers: 2,
    // A worker holds the modules of all files that it has run: what is new is collected apart from them for longer.
    execArgv: ["--min-semi-space-size=32", "--max-semi-space-size=64"],
    // Of tests that say that they may be beside others.
    maxConcurrency: 2,
    // Of a test that hangs: on a busy machine one that does not can take ten times as long as usual.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // What is waited for comes when it comes on a slow machine.
    expect: { poll: { timeout: 15_000 } },
    // A test that leaves work behind, or a rejection nobody waits for, is a defect.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
    // Nothing is skipped by accident: a focused test fails the run.
    allowOnly: false,
    // `make cover`: scripts/coverage.ts holds these folders to what they had. Nothing is transformed, so that the code
    // whose reach is counted is that of the sources.
    coverage: {
      provider: "v8",
      include: coveredFolders.map((folder) => `src/${folder}/**/*.ts`),
      reporter: ["text-summary", "json-summary", "html"],
      reportsDirectory: ".cache/coverage",
      reportOnFailure: true,
    },
  },
});
