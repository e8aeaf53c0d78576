import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import { deliveryTimeout } from "../../jobs/admission.ts";
import { exponentialBackoff } from "../../jobs/backoff.ts";
import type { Jobs } from "../../jobs/engine.ts";
import type { JobKind, JobResult } from "../../jobs/job.ts";
import type { GiveBack } from "../../jobs/unconfigured.ts";
import { sha256 } from "../../lib/digest.ts";
import type { ReceiverAnswer } from "../../lib/outbound/send-request.ts";
import { readWebHookConfig } from "./config.ts";
import { createRequests, type QueuedDelivery, type WebHookDeps } from "./web-hook.ts";

/** The kind of job that delivers what nobody waits for. */
export const webHookKind = "web_hook";
const ATTEMPTS = 12;
const SECOND = 1_000;

/** Creates what queues deliveries. */
export const createEnqueue =
  ({ db, jobs }: { readonly db: Sql; readonly jobs: Pick<Jobs, "enqueue" | "wake"> }): WebHookDeps["enqueue"] =>
  async (sql, { identityId, ...payload }) => {
    const { url, id } = payload.config;
    const order = identityId !== undefined && {
      order: { key: sha256(JSON.stringify([id ?? url, identityId])), position: "last" as const },
    };
    await jobs.enqueue(sql ?? db, {
      kind: webHookKind,
      payload: payload as unknown as JsonObject,
      identityId,
      ...order,
    });
    if (sql === undefined) jobs.wake();
  };

/**
 * Creates the kind of job. A receiver that is down, or answers 408, 429 or 5xx,
 * is asked again: twelve times, over one to two hours, at every attempt with the
 * same `Ory-Webhook-Trigger-ID`. The same holds for a program of the body that did
 * not end. Any other answer but 2xx parks the delivery, and so does an error of the program. What only another
 * configuration can deliver is given back.
 */
export const createWebHookJob = (
  deps: Pick<WebHookDeps, "engine" | "programs" | "send"> & {
    readonly timeout: number;
    readonly giveBack: GiveBack;
  },
): JobKind => ({
  name: webHookKind,
  concurrency: 8,
  timeout: deliveryTimeout(deps.timeout),
  maxAttempts: ATTEMPTS,
  delay: exponentialBackoff({ first: 5 * SECOND, max: 3_600 * SECOND }),
  run: async ({ id, payload }, signal): Promise<JobResult> => {
    const { config: raw, ctx, headers } = payload as unknown as QueuedDelivery;
    const config = readWebHookConfig(raw);
    if (!("url" in config) || (config.body !== undefined && !deps.programs.has(config.body))) {
      const reason = "the configuration does not have this hook as it was queued";
      return deps.giveBack(id, reason) ?? { kind: "park", reason };
    }
    const prepared = await createRequests(config, deps)(ctx, headers);
    if (prepared.kind === "cancelled") return undefined;
    if (prepared.kind === "failed") return { kind: prepared.transient ? "retry" : "park", reason: prepared.reason };
    return resultOf(await deps.send(prepared.request, signal));
  },
});

/** What an answer of the receiver means. */
const resultOf = (answer: ReceiverAnswer): JobResult => {
  if (answer.kind !== "answered") return { kind: "retry", reason: answer.reason };
  const { status, retryAfter } = answer;
  if (status >= 200 && status < 300) return undefined;
  const reason = `the receiver answered ${status}`;
  if (status < 500 && status !== 408 && status !== 429) return { kind: "park", reason };
  const seconds = Number(retryAfter ?? Number.NaN);
  return { kind: "retry", reason, ...(seconds > 0 && { after: Math.min(seconds, 86_400) * SECOND }) };
};
