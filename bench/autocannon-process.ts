import { writeFileSync } from "node:fs";
import path from "node:path";
import { type LoadGenerator, type LoadResult, runProgram } from "./load.ts";

const entry = path.join(import.meta.dirname, "autocannon.ts");

/** Creates the generator that runs autocannon in a process of its own. It knows whole milliseconds. */
export const createAutocannon = (folder: string): LoadGenerator => ({
  name: "autocannon",
  run: async (job) => {
    const file = path.join(folder, "load.json");
    writeFileSync(file, JSON.stringify(job));
    const output = await runProgram(process.execPath, ["--disable-warning=ExperimentalWarning", entry, file]);
    return JSON.parse(/^REPORT (.*)$/m.exec(output)?.[1] ?? "{}") as LoadResult;
  },
});
