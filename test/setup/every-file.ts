import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, inject } from "vitest";
import { forgetConnections } from "../protocols/connections.ts";
import { dropLines } from "./kept-lines.ts";
import { takeObservedErrors } from "./observed-errors.ts";
import { takeObservedStatements } from "./observed-statements.ts";
import { faultsOf } from "./statement-rules.ts";

/* Runs with every test file. Files share modules, so that what was observed is what came since the file before. */

/*
 * Places in sources are right without maps, as types are only blanked out. With them, which Vitest turns on, each
 * function that a router or a driver compiles is searched for one.
 */
process.setSourceMapsEnabled(false);

afterAll(dropLines);
afterAll(forgetConnections);

afterAll(() => {
  const broken = takeObservedStatements().flatMap((sql) => faultsOf(sql).map((fault) => `${fault}: ${sql}`));
  expect(broken, "statements that not every engine and no cluster can carry (test/setup/statement-rules.ts)").toEqual(
    [],
  );
});

afterAll(async () => {
  const observed = takeObservedErrors();
  if (observed.length === 0) return;
  writeFileSync(path.join(inject("notes"), `${crypto.randomUUID()}.errors`), observed.join("\n"));
  const { listedErrors } = await import("./rpc-errors.ts");
  const unlisted = observed.filter((each) => !listedErrors().has(each));
  expect(unlisted, "errors that an RPC answered and does not list in (ostiary.errors.v1.rpc_errors)").toEqual([]);
});
