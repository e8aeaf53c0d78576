import { Counter, Gauge, type Registry } from "prom-client";
import type { PurposeStats } from "./queue.ts";
import { type Purpose, purposes } from "./share.ts";

/** Where the figures come from. */
export interface HashingFigures {
  stats(): {
    readonly purposes: Readonly<Record<Purpose, PurposeStats>>;
    readonly averageMs: number;
    readonly crashes: number;
  };
  /** How long failed sign-ins take at least. */
  floorMs(): number;
}

/** Registers what is hashed, waits and was refused, by purpose, and how long failed sign-ins are held back. */
export const observeHashing = (registry: Registry, { stats, floorMs }: HashingFigures): void => {
  const registers = [registry];
  const byPurpose = (name: string, help: string, figure: keyof PurposeStats) => {
    const isTotal = figure === "done" || figure === "refused";
    const labelNames = ["purpose"] as const;
    if (!isTotal) {
      const gauge: Gauge<"purpose"> = new Gauge({
        ...{ name, help, labelNames, registers },
        collect: () => {
          const now = stats().purposes;
          for (const purpose of purposes) gauge.set({ purpose }, now[purpose][figure]);
        },
      });
      return;
    }
    const counter: Counter<"purpose"> = new Counter({
      ...{ name, help, labelNames, registers },
      collect: () => {
        const now = stats().purposes;
        counter.reset();
        for (const purpose of purposes) counter.inc({ purpose }, now[purpose][figure]);
      },
    });
  };
  byPurpose("ostiary_hashing_running", "Passwords that are hashed or compared now, by purpose.", "running");
  byPurpose("ostiary_hashing_waiting", "Passwords that wait to be hashed or compared, by purpose.", "waiting");
  byPurpose("ostiary_hashing_done_total", "Passwords that were hashed or compared, by purpose.", "done");
  byPurpose(
    "ostiary_hashing_refused_total",
    "Passwords that were refused because too many waited, by purpose.",
    "refused",
  );
  const seconds = (name: string, help: string, milliseconds: () => number) => {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => void gauge.set(milliseconds() / 1000) });
  };
  seconds("ostiary_hashing_seconds", "How long a hash takes lately, without waiting.", () => stats().averageMs);
  seconds(
    "ostiary_login_failure_floor_seconds",
    "How long failed sign-ins take at least, so that time tells nothing.",
    floorMs,
  );
};
