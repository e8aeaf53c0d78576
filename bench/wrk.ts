import { writeFileSync } from "node:fs";
import path from "node:path";
import { type LoadGenerator, type LoadJob, runProgram } from "./load.ts";
import { wireText } from "./requests.ts";

/** Printed by the script below at the end; times in microseconds. */
interface WrkReport {
  readonly requests: number;
  readonly duration: number;
  readonly p50: number;
  readonly p99: number;
  readonly status: number;
  readonly broken: number;
}

/** One thread, so that the shots are sent in their order: the machine has other work for its cores. */
const script = ({ shots, baseUrl, rest = 0 }: LoadJob): string => `
local shots = {
${shots.map((shot) => luaString(wireText(shot, new URL(baseUrl).host))).join(",\n")}
}
local at = 0
function request()
  at = at % #shots + 1
  return shots[at]
end
${rest > 0 ? `function delay() return math.random(0, ${Math.round(rest * 2)}) end` : ""}
function done(summary, latency, requests)
  local e = summary.errors
  local broken = e.connect + e.read + e.write + e.timeout
  io.write(string.format("\\nREPORT {\\"requests\\":%d,\\"duration\\":%d,\\"p50\\":%d,\\"p99\\":%d," ..
    "\\"status\\":%d,\\"broken\\":%d}\\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), e.status, broken))
end
`;

/** Text of a Lua string: decimal escapes for all that is not plain ASCII. */
const luaString = (text: string): string => `"${[...Buffer.from(text)].map(luaByte).join("")}"`;

const luaByte = (byte: number): string =>
  byte < 32 || byte > 126 || byte === 34 || byte === 92
    ? `\\${String(byte).padStart(3, "0")}`
    : String.fromCharCode(byte);

/** Creates the generator of a wrk program. Scripts are written to `folder`. */
export const createWrk = (program: string, folder: string): LoadGenerator => ({
  name: "wrk",
  run: async (job) => {
    const file = path.join(folder, "load.lua");
    writeFileSync(file, script(job));
    const output = await runProgram(program, [
      "-t",
      "1",
      "-c",
      String(job.connections),
      "-d",
      `${Math.ceil(job.duration)}s`,
      "-s",
      file,
      job.baseUrl,
    ]);
    const report = JSON.parse(/^REPORT (.*)$/m.exec(output)?.[1] ?? "{}") as WrkReport;
    // wrk counts every answer of 400 and above.
    const wrong = job.status >= 400 ? report.requests - report.status : report.status;
    return {
      requests: report.requests,
      left: job.connections,
      perSecond: report.requests / (report.duration / 1e6),
      p50: report.p50 / 1000,
      p99: report.p99 / 1000,
      wrong: wrong + report.broken,
    };
  },
});
