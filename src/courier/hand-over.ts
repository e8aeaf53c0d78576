import type { Database } from "../db/sql.ts";
import { exponentialBackoff } from "../jobs/backoff.ts";
import type { JobKind } from "../jobs/job.ts";
import type { MessageStore } from "./store.ts";

/**
 * Creates the job that enqueues messages of earlier versions: these queued a job for each message, with its id, and so
 * do nodes of such a version that still run on the same database.
 */
export const createHandOverJob = ({
  db,
  messages,
}: {
  readonly db: Database;
  readonly messages: Pick<MessageStore, "enqueue">;
}): JobKind => ({
  name: "courier",
  concurrency: 8,
  timeout: 60_000,
  delay: exponentialBackoff({ first: 1_000, max: 60_000 }),
  run: async ({ id }) => {
    await messages.enqueue(db, id);
    return undefined;
  },
});
