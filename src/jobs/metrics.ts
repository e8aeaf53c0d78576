import { Gauge, type Registry } from "prom-client";
import type { Jobs } from "./engine.ts";
import type { Relay } from "./relay.ts";

/** Registers how many jobs wait and how many are parked, by kind: counted when the figures are collected. */
export const observeJobs = (registry: Registry, jobs: Pick<Jobs, "counts">): void => {
  new Gauge({
    name: "ostiary_jobs",
    help: "Jobs by kind. parked: set aside for the operator after the last attempt.",
    labelNames: ["kind", "parked"],
    registers: [registry],
    async collect() {
      this.reset();
      // Without the database there is nothing to count; the other figures are collected all the same.
      const counts = await jobs.counts().catch(() => []);
      for (const { kind, parked, count } of counts) this.set({ kind, parked: String(parked) }, count);
    },
  });
};

/**
 * Registers how many rows wait for their jobs to be queued, and how many were set aside, by source: counted when the
 * figures are collected.
 */
export const observeRelay = (registry: Registry, relay: Pick<Relay, "counts">): void => {
  const observe = (figure: "aside" | "waiting", name: string, help: string): void => {
    new Gauge({
      name,
      help,
      labelNames: ["source"],
      registers: [registry],
      async collect() {
        this.reset();
        const counts = await relay.counts().catch(() => []);
        for (const { source, [figure]: count } of counts) this.set({ source }, count);
      },
    });
  };
  observe(
    "waiting",
    "ostiary_relay_waiting",
    "Rows that were written with a change and whose jobs are not queued yet, by source.",
  );
  observe(
    "aside",
    "ostiary_relay_set_aside",
    "Rows that no jobs could be queued for, set aside for the operator, by source.",
  );
};
