import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type AuditLog, createAuditLog } from "../../../src/audit/audit-log.ts";
import type { EventType } from "../../../src/audit/event-types.ts";
import { createPurgeEvents } from "../../../src/audit/purge-events.ts";
import { createDatabase } from "../../../src/db/pool.ts";
import type { Database, Sql } from "../../../src/db/sql.ts";
import { createEventRelay, createOutbox } from "../../../src/events/outbox.ts";
import { createJobs, type Jobs } from "../../../src/jobs/engine.ts";
import { createRelay, type Relay } from "../../../src/jobs/relay.ts";
import { createAead } from "../../../src/lib/aead.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { uuid7, uuidText } from "../../../src/lib/ids.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";

/* Events in a database of their own, and nodes that relay them. */

const aead = createAead({ algorithm: "aes", keys: ["k".repeat(32)] });
const call = { headers: {}, remoteAddress: "127.0.0.1", requestId: "test" };

/** A receiver of the configuration. */
export const receiver = (name: string, types: readonly string[] = ["*"]) => ({
  name,
  types,
  url: "http://127.0.0.1:9/",
  format: "ostiary" as const,
  secrets: [],
  headers: {},
  retry: [1_000],
});

/** The log of a node that has these receivers. */
export const auditFor = (...receivers: ReturnType<typeof receiver>[]): AuditLog => {
  const { wanting } = createOutbox({ receivers });
  const wake = () => undefined;
  return createAuditLog({ clock: systemClock, digestKey: "key", isStreamed: false, receivers: { wanting, wake } });
};

/** Makes the id of a person. */
export const somebody = () => uuid7(new Date());

interface QueuedRow {
  readonly kind: string;
  readonly identity_id: Buffer;
  readonly position: number | string;
}

/** Sets up a database without events and jobs for each test of a file. */
export const setUpRelays = () => {
  let fresh: FreshDatabase;
  let db: Database;
  let jobs: Jobs;
  let relays: Relay[] = [];
  /** What the logs of all nodes warned of. */
  const warned: object[] = [];
  beforeAll(async () => {
    fresh = await migratedDatabase();
    db = createDatabase({ dsn: fresh.dsn, poolSize: 20 });
    jobs = createJobs({ db, clock: systemClock, aead, log: { info: () => undefined, warn: () => undefined } });
  });
  afterAll(async () => {
    await db?.close();
    await fresh?.drop();
  });
  beforeEach(async () => {
    warned.length = 0;
    await db.execute("DELETE FROM jobs");
    await db.execute("DELETE FROM security_events");
  });
  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    relays = [];
  });
  const counts = () => createEventRelay().counts(db);

  return {
    warned,
    call,
    counts,
    get db() {
      return db;
    },
    /** Begins the relay of a node of its own, which looks every 20 ms. */
    start: (on: Database = db, interval = 20): Relay => {
      const relay = createRelay({
        db: on,
        jobs: { enqueueAll: jobs.enqueueAll, wake: () => undefined },
        log: { warn: (data) => void warned.push(data) },
        isBusy: () => false,
        interval,
      });
      relays.push(relay);
      relay.start([createEventRelay()]);
      return relay;
    },
    record: (audit: AuditLog, identityId: string, sql: Sql = db, type: EventType = "password.changed") =>
      audit.record(sql, { identityId, sessionId: undefined, type, outcome: "done" }, call),
    queued: async () =>
      (
        await db.query<QueuedRow>("SELECT kind, identity_id, position FROM jobs ORDER BY identity_id, kind, position")
      ).map(({ kind, identity_id, position }) => `${uuidText(identity_id)} ${kind} ${position}`),
    marked: async () => (await counts()).waiting,
    untilNoneIsMarked: () =>
      expect.poll(async () => (await counts()).waiting, { timeout: 10_000, interval: 10 }).toBe(0),
    purgeAll: async (): Promise<void> => {
      const purge = createPurgeEvents({ db, digestKey: "key", batchSize: 2, purged: async () => undefined });
      while ((await purge(new Date(Date.now() + 60_000))) === 2);
    },
  };
};
