import type { JsonObject } from "@bufbuild/protobuf";
import type { RecordedEvent } from "../audit/audit-log.ts";
import type { EventsConfig, ReceiverConfig } from "../config/events-config.ts";
import type { Sql } from "../db/sql.ts";
import type { Jobs } from "../jobs/engine.ts";
import { sha256 } from "../lib/digest.ts";
import { uuidBytes } from "../lib/ids.ts";
import { matchesType } from "./matches-type.ts";

/*
 * Who hears of what happened. An event is written to the log of its person
 * (audit/) and, for each receiver that wants its type, queued in the same
 * transaction; a job delivers it (delivery.ts). Operators read and watch the log
 * itself. This folder owns deliveries, the stream and its places.
 */

/** The kind of the jobs of a receiver: each has a queue of its own, so that one that is slow keeps no other waiting. */
export const deliveryKind = (receiver: string): string => `event_${receiver}`;

/** A delivery that waits, as its job has it: the event without its position, which the job knows. */
export type QueuedEvent = Omit<RecordedEvent, "createdAt"> & { readonly createdAt: string };

/** Queues events for those who want to hear of them. */
export interface Outbox {
  /** Queues an event for every receiver that wants its type, in the transaction of the change. */
  forward(tx: Sql, event: RecordedEvent): Promise<void>;
  /** Queues it for one receiver, whatever it wants, in its place: before what happened later to the same person. */
  queue(tx: Sql, receiver: string, event: RecordedEvent): Promise<void>;
  /** Stops queueing for a receiver that wants no more, on this node; or begins again. */
  setEnded(receiver: string, isEnded: boolean): void;
  readonly receivers: readonly ReceiverConfig[];
}

/** Milliseconds after which what was queued is looked for: by then its transaction has mostly ended. */
const WAKE_AFTER_MS = 5;

/** Creates the outbox. */
export const createOutbox = ({ config, jobs }: { readonly config: EventsConfig; readonly jobs: Jobs }): Outbox => {
  const { receivers } = config;
  const ended = new Set<string>();
  let isAlarmSet = false;

  const wakeSoon = (): void => {
    if (isAlarmSet) return;
    isAlarmSet = true;
    setTimeout(() => {
      isAlarmSet = false;
      jobs.wake();
    }, WAKE_AFTER_MS).unref();
  };

  const queue: Outbox["queue"] = async (tx, receiver, event) => {
    const identity = uuidBytes(event.identityId);
    const payload: QueuedEvent = { ...event, createdAt: event.createdAt.toISOString() };
    await jobs.enqueue(tx, {
      kind: deliveryKind(receiver),
      identityId: event.identityId,
      payload: payload as unknown as JsonObject,
      order: {
        key: sha256(identity),
        position: {
          // What happened before events had positions comes first.
          sql: "SELECT COALESCE(e.position, 0) AS position FROM security_events e WHERE e.identity_id = ? AND e.id = ?",
          values: [identity, uuidBytes(event.id)],
        },
      },
    });
  };

  return {
    receivers,
    queue,
    forward: async (tx, event) => {
      for (const { name, types } of receivers) {
        if (ended.has(name) || !matchesType(types, event.type)) continue;
        await queue(tx, name, event);
        wakeSoon();
      }
    },
    setEnded: (receiver, isEnded) => void (isEnded ? ended.add(receiver) : ended.delete(receiver)),
  };
};
