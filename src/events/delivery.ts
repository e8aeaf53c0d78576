import type { EventsConfig, ReceiverConfig } from "../config/events-config.ts";
import { createDeliveryAdmission, deliveryTimeout, mostClaimed } from "../jobs/admission.ts";
import type { Job, JobKind, JobResult } from "../jobs/job.ts";
import { createDeliveryPace } from "../jobs/pace.ts";
import type { Clock } from "../lib/clock.ts";
import type { SendRequest } from "../lib/outbound/send-request.ts";
import { makeBody, type PrintEvent } from "./make-body.ts";
import { deliveryKind, type QueuedEvent } from "./outbox.ts";
import type { ReceiverStates } from "./receiver-states.ts";
import { renderEvent } from "./render-event.ts";
import { createSigner } from "./signer.ts";

/** What deliveries need. */
export interface DeliveryDeps {
  readonly config: EventsConfig;
  readonly clock: Clock;
  readonly print: PrintEvent;
  readonly send: SendRequest;
  readonly states: ReceiverStates;
  readonly log: { warn(data: object, message: string): void };
  /** Whether there are calls that deliveries make room for. */
  readonly isBusy: () => boolean;
  /** `source` of CloudEvents: the public URL. */
  readonly publicUrl: string;
}

/** Longest wait that a receiver may ask for: milliseconds. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * Creates the kind of job that delivers to a receiver, by the Standard Webhooks
 * specification: 2xx is success, 410 ends the subscription, anything else, redirects
 * included, is tried again on the receiver's schedule and parked after its last
 * attempt. Events of one person are delivered in order; those that follow a
 * parked one go on.
 */
export const createDelivery = (receiver: ReceiverConfig, deps: DeliveryDeps): JobKind => {
  const { config, clock, isBusy, log, print, publicUrl, send, states } = deps;
  const { concurrency } = config.delivery;
  const { format, headers, name, retry, url } = receiver;
  const sign = createSigner(receiver.secrets);
  const pace = createDeliveryPace(concurrency);
  const admission = createDeliveryAdmission({ limit: () => pace.limit, most: concurrency, isBusy });

  const deliver = async ({ payload, position }: Job, signal: AbortSignal): Promise<JobResult> => {
    const queued = payload as unknown as QueuedEvent;
    const event = renderEvent({ ...queued, createdAt: new Date(queued.createdAt) }, position);
    const { contentType, text } = makeBody(format, event, { print, source: publicUrl });
    // Fresh at each attempt: receivers refuse what is old, and replays with it.
    const seconds = Math.floor(clock.now().getTime() / 1000);
    const answer = await send(
      {
        url,
        method: "POST",
        headers: {
          "user-agent": "ostiary",
          ...headers,
          "content-type": contentType,
          "webhook-id": event.id,
          "webhook-timestamp": String(seconds),
          "webhook-signature": sign(event.id, seconds, text),
        },
        body: text,
      },
      signal,
    );
    if (answer.kind !== "answered") return { kind: "retry", reason: answer.reason };
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return undefined;
    if (status === 410) {
      await states.end(name);
      log.warn({ receiver: name }, "a receiver of events answered 410: it gets no more until it is resumed");
      return undefined;
    }
    const after = readRetryAfter(retryAfter, clock.now());
    return { kind: "retry", reason: `the receiver answered ${status}`, ...(after !== undefined && { after }) };
  };

  const queuedFor = ({ payload }: Job): number =>
    clock.now().getTime() - Date.parse((payload as unknown as QueuedEvent).createdAt);

  // What waits for a receiver that wants no more is dropped; the log still has it, and it can be replayed.
  const run = async (job: Job, signal: AbortSignal): Promise<JobResult> =>
    (await states.isEnded(name)) ? undefined : deliver(job, signal);

  return {
    name: deliveryKind(name),
    concurrency: () => mostClaimed(concurrency, pace, admission),
    timeout: deliveryTimeout(config.delivery.timeout),
    maxAttempts: retry.length + 1,
    delay: (attempt) => retry[Math.min(attempt, retry.length) - 1] ?? 0,
    settled: pace.settled,
    admit: (job, signal) => admission.begin(queuedFor(job), signal),
    run,
  };
};

/** Milliseconds to wait at least, of a number of seconds or a date (RFC 9110, section 10.2.3). */
const readRetryAfter = (text: string | undefined, now: Date): number | undefined => {
  if (text === undefined) return undefined;
  const milliseconds = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return milliseconds > 0 ? Math.min(milliseconds, LONGEST_WAIT_MS) : undefined;
};
