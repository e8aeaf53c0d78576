import type { Database } from "../db/sql.ts";
import { isOfStatement } from "../db/sql-error.ts";
import { createDeliveryAdmission, deliveryTimeout, mostClaimed } from "../jobs/admission.ts";
import type { JobKind, JobResult } from "../jobs/job.ts";
import { createDeliveryPace } from "../jobs/pace.ts";
import { mostLost } from "../jobs/rows.ts";
import { createGiveBack } from "../jobs/unconfigured.ts";
import type { Clock } from "../lib/clock.ts";
import { uuid7 } from "../lib/ids.ts";
import { inGroups } from "../lib/in-groups.ts";
import type { Delivery, DeliveryResult } from "./delivery/delivery.ts";
import { type Channel, type DispatchRecord, type MessageRecord, messageTemplates } from "./message.ts";
import { messageJob } from "./message-job.ts";
import type { AttemptOutcome, CourierMetrics } from "./metrics.ts";
import { isReadable, type RenderMessage } from "./render.ts";
import { createMessageRows } from "./rows.ts";
import type { MessageStore, SentMessage } from "./store.ts";

/** What delivering needs. */
export interface DeliverDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly messages: MessageStore;
  readonly render: RenderMessage;
  /** A channel without a way out is missing. */
  readonly deliveries: ReadonlyMap<Channel, Delivery>;
  readonly metrics: CourierMetrics;
  readonly log: { warn(data: object, message: string): void };
  readonly options: DeliverOptions;
}

/** How messages are delivered. Times are milliseconds. */
export interface DeliverOptions {
  /** How often a message is tried again. */
  readonly retries: number;
  /** Before the first retry. */
  readonly retryDelay: number;
  /** Most deliveries at once. */
  readonly concurrency: number;
  /** Of one attempt. */
  readonly timeout: number;
  /** Whether there are calls that messages make room for. */
  readonly isBusy: () => boolean;
  /** Development: what messages say can be read after they were sent. */
  readonly retainsContent: boolean;
}

const LONGEST_DELAY_MS = 3_600_000;
const FACTOR = 4;
/** One that cannot be written down, as its row is locked, is no reason to send the others again. */
const sentInGroups = { most: 32, atOnce: 1, retriesAlone: isOfStatement } as const;

/**
 * Creates the job that delivers queued messages: tries, records how it ended, and erases what is of no more use.
 * Messages are claimed in groups. That one was sent is written down at once, by a statement of its own or, where the
 * one before is still under way, together with those that were sent meanwhile: nothing else stands between.
 */
export const createDeliverJob = (deps: DeliverDeps): JobKind<MessageRecord> => {
  const { db, clock, messages, options } = deps;
  const { retries, retryDelay, concurrency, timeout, isBusy, retainsContent } = options;
  const giveBack = createGiveBack(deps);
  const pace = createDeliveryPace(concurrency);
  const admission = createDeliveryAdmission({ limit: () => pace.limit, most: concurrency, isBusy });

  const settleSent = inGroups<SentMessage, undefined>(sentInGroups, async (sent) => {
    await messages.settleSent(db, sent, { erase: !retainsContent, at: clock.now() });
    return sent.map(() => undefined);
  });

  const settle = async (message: MessageRecord, result: DeliveryResult): Promise<SettledOutcome> => {
    const at = clock.now();
    const dispatches = [...message.dispatches, dispatchOf(result, at)];
    if (result.kind === "sent") {
      await settleSent({ id: message.id, dispatches });
      return "sent";
    }
    const outcome = result.isPermanent || message.sendCount > retries ? "abandoned" : "failed";
    await messages.settle(db, message.id, {
      status: outcome === "failed" ? "processing" : outcome,
      dispatches,
      erase: outcome !== "failed" && !retainsContent,
      at,
    });
    return outcome;
  };

  const queuedFor = ({ createdAt }: MessageRecord): number => clock.now().getTime() - createdAt.getTime();

  const deliver = async (message: MessageRecord, signal: AbortSignal): Promise<JobResult> => {
    const began = performance.now();
    const attempted = await attempt(deps, message, signal);
    const result: DeliveryResult =
      attempted.kind === "unconfigured" ? { ...attempted, kind: "failed", isPermanent: true } : attempted;
    const givenBack = attempted.kind === "unconfigured" && giveBack(message.id, attempted.reason);
    if (givenBack) return givenBack;
    const ended = performance.now();
    const outcome = await settle(message, result);
    pace.settled(performance.now() - ended);
    const counted = outcome === "abandoned" ? whyUnsent(message, attempted) : outcome;
    record(deps, message, counted, (performance.now() - began) / 1000);
    if (result.kind === "sent" || outcome !== "failed") {
      if (result.kind === "failed" && !isForNobody(message)) report(deps, message, result.reason);
      return undefined;
    }
    return { kind: "retry", reason: result.reason, ...(result.after !== undefined && { after: result.after }) };
  };

  return {
    name: messageJob,
    concurrency: () => mostClaimed(concurrency, pace, admission),
    timeout: deliveryTimeout(timeout),
    delay: (tries) => Math.min(LONGEST_DELAY_MS, retryDelay * FACTOR ** Math.min(tries - 1, 20)),
    rows: (node) => createMessageRows({ db, clock, messages, node }),
    admit: ({ payload: message }, signal) => admission.begin(queuedFor(message), signal),
    run: ({ payload: message }, signal) => deliver(message, signal),
  };
};

/**
 * What a recipient may look like. Whatever a header or a mail server could read as two addresses, or as another one
 * than it is, is nobody's: lists, names, angle brackets, comments and quotes.
 */
const addressForms: Readonly<Record<Channel, RegExp>> = {
  email: /^[^\s\p{C}<>()[\]\\,;:@"]{1,64}@[^\s\p{C}<>()[\]\\,;:@"]{1,255}$/u,
  sms: /^[^\p{C}]+$/u,
};

/** How a message stands after an attempt. */
type SettledOutcome = Extract<AttemptOutcome, "sent" | "failed" | "abandoned">;

/** What only a node of another configuration, or version, can deliver. */
interface NotHere {
  readonly kind: "unconfigured";
  readonly reason: string;
}

const templates: ReadonlySet<string> = new Set(messageTemplates);

/** One attempt. What can never be delivered, or not by this node, is not tried. */
const attempt = async (
  { clock, render, deliveries }: DeliverDeps,
  message: MessageRecord,
  signal: AbortSignal,
): Promise<DeliveryResult | NotHere> => {
  const never = (reason: string): DeliveryResult => ({ kind: "failed", reason, isPermanent: true });
  if (message.expiresAt <= clock.now()) return never("it was of no more use before it could be sent");
  if (!isReadable(message)) return never("it cannot be decrypted");
  if (message.lost >= mostLost) return never(`${message.lost} nodes were lost while they had it`);
  if (!addressForms[message.channel].test(message.recipient)) return never("the recipient is no address");
  if (!templates.has(message.template)) return { kind: "unconfigured", reason: "this kind of message is not known" };
  const delivery = deliveries.get(message.channel);
  if (delivery === undefined)
    return { kind: "unconfigured", reason: `nothing that sends ${message.channel} is configured` };
  return await delivery.deliver(message, render(message), signal);
};

/** Whether it was over when it was queued: what nobody is to get is ended without a warning. */
const isForNobody = ({ createdAt, expiresAt }: MessageRecord): boolean => expiresAt <= createdAt;

/** What counts for a message that was ended unsent. */
const whyUnsent = (message: MessageRecord, { kind }: DeliveryResult | NotHere): AttemptOutcome => {
  if (isForNobody(message)) return "discarded";
  return kind === "unconfigured" ? kind : "abandoned";
};

const dispatchOf = (result: DeliveryResult, at: Date): DispatchRecord => ({
  id: uuid7(at),
  status: result.kind === "sent" ? "success" : "failed",
  ...(result.kind === "failed" && { error: result.reason }),
  created_at: at.toISOString(),
});

const record = (
  { clock, metrics }: DeliverDeps,
  { channel, template, createdAt }: MessageRecord,
  outcome: AttemptOutcome,
  seconds: number,
): void => {
  metrics.attempted(channel, template, outcome, seconds);
  if (outcome === "sent") metrics.delivered(channel, (clock.now().getTime() - createdAt.getTime()) / 1000);
};

const report = ({ log }: DeliverDeps, { id, template, channel, sendCount }: MessageRecord, reason: string): void =>
  log.warn({ message: id, template, channel, attempts: sendCount, reason }, "a message was given up");
