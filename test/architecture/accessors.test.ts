import { expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * V8 gives each object literal with an accessor a shape of its own, which is old from the start and refers to whatever
 * the accessor can see. Of an object that is made for each call, call and body would live until the next full
 * collection, and collections would take most of the processor.
 */

/** Files whose objects with accessors are made once, or have them from their class. */
const made = new Set([
  "src/jobs/admission.ts",
  "src/jobs/pace.ts",
  "src/db/connections.ts",
  "src/db/pool.ts",
  "src/db/readiness.ts",
  "src/lib/hashing/comparison-time.ts",
  "src/lib/hashing/hashing-process.ts",
  "src/lib/hashing/queue.ts",
  "src/limits/failure-floor.ts",
  "src/move-in/report.ts",
  "src/server/call-limit.ts",
]);

const accessor = /^\s+(?:static |override )?[gs]et [\w[\].]+\(/m;

it("only objects that are made once have accessors", () => {
  const found = filesBelow(["src"], [".ts"]).filter((file) => accessor.test(read(file)));
  expect(found.filter((file) => !made.has(file))).toEqual([]);
  expect([...made].filter((file) => !found.includes(file))).toEqual([]);
});
