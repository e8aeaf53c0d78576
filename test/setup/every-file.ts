import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, inject } from "vitest";
import { observedErrors } from "./observed-errors.ts";

/* Runs with every test file. */

afterAll(async () => {
  const observed = observedErrors();
  if (observed.length === 0) return;
  writeFileSync(path.join(inject("notes"), `${crypto.randomUUID()}.errors`), observed.join("\n"));
  const { listedErrors } = await import("./rpc-errors.ts");
  const unlisted = observed.filter((each) => !listedErrors().has(each));
  expect(unlisted, "errors that an RPC answered and does not list in (ostiary.errors.v1.rpc_errors)").toEqual([]);
});
