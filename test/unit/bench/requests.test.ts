import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/* The benchmark of requests runs: what it says of speed is looked at elsewhere, never in a test. */

const names = ["create", "update", "rejected"];

interface Side {
  readonly median: { readonly requests: number; readonly wrong: number; readonly statements: number };
}
interface Result {
  readonly requests: readonly { readonly name: string; readonly ostiary: Side; readonly bare: Side }[];
}

it("each request is answered as it should be, by the server and by the bare limit", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-bench-test-"));
  const out = path.join(folder, "results.json");
  const shape = "--generator autocannon --connections 2 --people 64 --duration 0.2 --warm 0.1 --rounds 1";
  try {
    await promisify(execFile)(process.execPath, [
      "bench/main.ts",
      ...`--parts requests --requests ${names.join(",")} ${shape} --out ${out}`.split(" "),
    ]);
    const { requests } = JSON.parse(readFileSync(out, "utf8")) as Result;
    expect(requests.map(({ name }) => name)).toEqual(names);
    for (const { name, ostiary, bare } of requests)
      for (const { median } of [ostiary, bare]) {
        expect({ name, wrong: median.wrong }).toEqual({ name, wrong: 0 });
        expect(median.requests).toBeGreaterThan(0);
        expect(median.statements).toBeGreaterThan(0);
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
