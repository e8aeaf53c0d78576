import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { Protocol } from "../lib/call.ts";

/** The server's figures, as Prometheus collects them. */
export interface Metrics {
  /** Other parts register theirs here. */
  readonly registry: Registry;
  /** Counts the calls of an RPC; `code` is `ok` or the gRPC code in lower case. */
  readonly callsOf: (rpc: string) => (protocol: Protocol, code: string, seconds: number) => void;
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The figures of the process, which watch it for as long as it runs: the same ones for each of its servers. */
let ofProcess: Registry | undefined;

const registerProcess = (registry: Registry): void => {
  const figures = ofProcess ?? new Registry();
  if (ofProcess === undefined) collectDefaultMetrics({ register: figures });
  ofProcess = figures;
  for (const { name } of figures.getMetricsAsArray()) {
    const figure = figures.getSingleMetric(name);
    if (figure !== undefined) registry.registerMetric(figure);
  }
};

/** Creates the figures: those of the process, and calls by RPC, protocol and code. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  registerProcess(registry);
  const calls = new Histogram({
    name: "ostiary_call_duration_seconds",
    help: "Time from a call's arrival in the pipeline to its answer.",
    labelNames: ["rpc", "protocol", "code"],
    buckets,
    registers: [registry],
  });
  return {
    registry,
    callsOf: (rpc) => {
      // Looking the labels up by hash at every call costs more than counting.
      const known = new Map<string, { observe(seconds: number): void }>();
      return (protocol, code, seconds) => {
        const key = `${protocol} ${code}`;
        let child = known.get(key);
        if (!child) {
          child = calls.labels(rpc, protocol, code);
          known.set(key, child);
        }
        child.observe(seconds);
      };
    },
  };
};
