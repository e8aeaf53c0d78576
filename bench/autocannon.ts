import { readFileSync } from "node:fs";
import autocannon from "autocannon";
import type { LoadJob, LoadResult } from "./load.ts";
import type { Shot } from "./shot.ts";

/*
 * A load generator for machines without wrk, a program of its own. It takes a
 * good part of a core, so that its figures are lower than wrk's, on both sides.
 */

const job = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as LoadJob;
const { shots } = job;
let next = 0;

const result = await autocannon({
  url: job.baseUrl,
  connections: job.connections,
  duration: job.duration,
  ...(job.rest !== undefined && {
    overallRate: Math.round((job.connections * 1000) / job.rest),
    ignoreCoordinatedOmission: true,
  }),
  // Its own list is sent from the start by every connection, to the same people at the same time.
  requests: [
    {
      setupRequest: (request) => {
        const { method, path, headers, body } = shots[next++ % shots.length] as Shot;
        return {
          ...request,
          method,
          path,
          headers: { ...request.headers, ...headers },
          ...(method === "POST" ? { body } : {}),
        };
      },
    },
  ],
});

const right = result.statusCodeStats?.[job.status]?.count ?? 0;
const report: LoadResult = {
  requests: result.requests.total,
  left: job.connections,
  perSecond: result.requests.total / result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
  wrong: result.requests.total - right + result.errors,
};
console.log(`REPORT ${JSON.stringify(report)}`);
