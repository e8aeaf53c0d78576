import { Counter, Histogram, type Registry } from "prom-client";
import type { Channel, MessageTemplate } from "./message.ts";

/**
 * How an attempt to deliver a message ended. `failed` is tried again, `abandoned` is not. What was never to be sent is
 * no failure: `discarded` was for nobody, and for `unconfigured` no node has a way out.
 */
export type AttemptOutcome = "sent" | "failed" | "abandoned" | "discarded" | "unconfigured";

/** Figures of the courier. */
export interface CourierMetrics {
  readonly queued: (channel: Channel, template: MessageTemplate) => void;
  readonly attempted: (channel: Channel, template: MessageTemplate, outcome: AttemptOutcome, seconds: number) => void;
  /** From when a message was queued until it was sent. */
  readonly delivered: (channel: Channel, seconds: number) => void;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];

/** Registers the figures. No label says anything of a person. */
export const createCourierMetrics = (registry: Registry): CourierMetrics => {
  const registers = [registry];
  const queued = new Counter({
    name: "ostiary_courier_queued_total",
    help: "Messages that were queued, in transactions that may not have been committed.",
    labelNames: ["channel", "template"],
    registers,
  });
  const attempts = new Histogram({
    name: "ostiary_courier_attempt_seconds",
    help:
      "Time that an attempt to deliver a message took. failed is tried again, abandoned is not. discarded was for " +
      "nobody, and unconfigured had no way out: neither was sent.",
    labelNames: ["channel", "template", "outcome"],
    buckets,
    registers,
  });
  const delivery = new Histogram({
    name: "ostiary_courier_delivery_seconds",
    help: "Time from when a message was queued until it was sent.",
    labelNames: ["channel"],
    buckets,
    registers,
  });
  return {
    queued: (channel, template) => queued.inc({ channel, template }),
    attempted: (channel, template, outcome, seconds) => attempts.observe({ channel, template, outcome }, seconds),
    delivered: (channel, seconds) => delivery.observe({ channel }, seconds),
  };
};
