import type { Database } from "../db/sql.ts";
import type { ClaimedJob, JobNode, OwnJobRows } from "../jobs/rows.ts";
import type { Clock } from "../lib/clock.ts";
import { inGroups } from "../lib/in-groups.ts";
import type { MessageRecord } from "./message.ts";
import { messageJob } from "./message-job.ts";
import type { MessageStore } from "./store.ts";

/** What they are made of. */
export interface MessageRowsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly messages: MessageStore;
  readonly node: JobNode;
}

/** Messages that one statement claims, at most. */
const MOST_AT_ONCE = 32;

/**
 * Creates the jobs that deliver messages: each queued message is one, so that queueing writes a single row, and so
 * does writing down that it was sent. Those that are claimed in the same turn of the event loop are claimed together.
 */
export const createMessageRows = ({ db, clock, messages, node }: MessageRowsDeps): OwnJobRows<MessageRecord> => ({
  due: (limit) => messages.due(db, limit),
  count: () => messages.countWaiting(db),
  claim: inGroups<string, ClaimedJob<MessageRecord> | undefined>({ most: MOST_AT_ONCE }, async (ids) =>
    (await messages.begin(db, ids, { ...node, at: clock.now() })).map((message) => message && jobOf(message)),
  ),
  renew: (id) => messages.renew(db, id, node),
  // Its last attempt has written down what became of it.
  remove: async () => undefined,
  release: (id, { delay, attempts }) =>
    messages.release(db, id, { owner: node.owner, delay, sendCount: attempts, at: clock.now() }),
  park: (id) => messages.abandon(db, id, { owner: node.owner, at: clock.now() }),
});

const jobOf = (message: MessageRecord): ClaimedJob<MessageRecord> => ({
  id: message.id,
  kind: messageJob,
  attempt: message.sendCount,
  lost: message.lost,
  position: 0,
  isOrdered: false,
  payload: message,
});
