import { defineConfig } from "vitest/config";

/** Every suite of the project runs from here: `make test`, `make test T=unit/config` for a part of it. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/database.ts"],
    setupFiles: ["test/setup/every-file.ts"],
    reporters: ["default", "./test/setup/reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // A test that leaves work behind, or a rejection nobody waits for, is a defect.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
    // Nothing is skipped by accident: a focused test fails the run.
    allowOnly: false,
    coverage: { provider: "v8", include: ["src/**"], exclude: ["gen/**"] },
  },
});
