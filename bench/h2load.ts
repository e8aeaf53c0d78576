import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type LoadResult, quantile, runProgram } from "./load.ts";
import type { Shot } from "./shot.ts";

/** What h2load sends: the same shot all the time. */
export interface H2Job {
  readonly baseUrl: string;
  readonly shot: Omit<Shot, "body"> & { readonly body: string | Uint8Array };
  readonly protocol: "http/1.1" | "h2c";
  /** Requests at once; over HTTP/2 four connections share them. */
  readonly concurrency: number;
  /** Seconds. */
  readonly duration: number;
}

const h2Connections = 4;

/**
 * Runs h2load, the one native generator for gRPC that Debian has. It knows nothing of trailers: `wrong` are HTTP's
 * failures only.
 */
export const runH2load = async (
  program: string,
  folder: string,
  { baseUrl, shot, protocol, concurrency, duration }: H2Job,
): Promise<LoadResult> => {
  const body = path.join(folder, "body.bin");
  const log = path.join(folder, "h2load.log");
  rmSync(log, { force: true });
  writeFileSync(body, shot.body);
  const h2 = protocol === "h2c";
  const args = [
    ...(h2
      ? ["-c", String(h2Connections), "-m", String(Math.ceil(concurrency / h2Connections))]
      : ["--h1", "-c", String(concurrency)]),
    ...["-t", "1", "-D", String(duration), `--log-file=${log}`],
    ...Object.entries(shot.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
    ...(shot.method === "POST" ? ["-d", body] : []),
    `${baseUrl}${shot.path}`,
  ];
  await runProgram(program, args);
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const rows = lines.map((line) => line.split("\t").map(Number));
  const times = rows.map(([, , time = 0]) => time / 1000).sort((a, b) => a - b);
  return {
    requests: rows.length,
    left: concurrency,
    perSecond: rows.length / duration,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    wrong: rows.filter(([, status]) => status !== 200).length,
  };
};
