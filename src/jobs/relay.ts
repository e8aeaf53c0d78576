import { setTimeout as sleep } from "node:timers/promises";
import { createAlarm } from "../lib/alarm.ts";
import { withJitter } from "./backoff.ts";
import { createRelayRows, type RelayRowsDeps, type RelaySource, type RowsFrom, relayFailure } from "./relay-rows.ts";

/*
 * A change that causes work writes a row that says so, and no job: the row is marked as one whose jobs are still to be
 * queued. Afterwards a relay reads such rows in groups, and queues the jobs of all of them and takes their marks off in
 * one transaction. Whatever dies in between, each row gets its jobs once; one that cannot get any is set aside.
 */

/** Queues the jobs of marked rows. */
export interface Relay {
  /** Looks for marked rows soon: called where one is written. Without it they are found within a second. */
  wake(): void;
  /** Begins. Does not wait. */
  start(sources: readonly RelaySource[]): void;
  /** How many rows are marked, and how many were set aside, by source. */
  counts(): Promise<readonly { readonly source: string; readonly waiting: number; readonly aside: number }[]>;
  /** Begins no more, and waits for what is under way. Other nodes find what is left. */
  stop(): Promise<void>;
}

/** What a relay needs. */
export interface RelayDeps extends RelayRowsDeps {
  /** Whether there are calls that it makes room for: then it looks less often, and finds more at once. */
  readonly isBusy: () => boolean;
  /** Milliseconds between two looks for what another node has left behind. Default 1000. */
  readonly interval?: number;
}

const INTERVAL_MS = 1_000;
/** Rows that get their jobs in one transaction, at most. */
const MOST_AT_ONCE = 64;
/** Among so many of a backlog a node begins anywhere. */
const BEGINS_AMONG = 1_024;
/** Milliseconds after `wake`, and from each of these looks to the next: the change is mostly committed by the first. */
const PAUSES_MS = [5, 20, 100] as const;
/** The shortest of them beside calls that take all there is. */
const BUSY_PAUSE_MS = 500;

/** Creates a relay. It has one transaction under way at a time. */
export const createRelay = ({ db, jobs, log, isBusy, interval = INTERVAL_MS }: RelayDeps): Relay => {
  const relayRows = createRelayRows({ db, jobs, log });
  let sources: readonly RelaySource[] = [];
  let loop: Promise<void> | undefined;
  let isStopping = false;
  /** Looks since the last `wake`. */
  let looks: number = PAUSES_MS.length;
  /** Ends the pause of a relay that has nothing to do. */
  const alarm = createAlarm();
  let isResting = false;

  /** Where another node is as well, both go on after pauses that are not the same. */
  const giveWay = (): Promise<void> => sleep(withJitter(PAUSES_MS[0]));

  /** A place somewhere in a backlog: else all nodes would read the same rows, and all but one in vain. */
  const anywhere = async (source: RelaySource): Promise<RowsFrom | undefined> => {
    for (let skipped = BEGINS_AMONG; ; ) {
      skipped = Math.trunc(skipped * Math.random());
      const identityId = await source.personAfter(db, skipped);
      if (identityId !== undefined) return { identityId, isAfter: false };
      if (skipped === 0) return undefined;
    }
  };

  /** From anywhere to the end, and then from the first one on. */
  const relayBacklog = async (source: RelaySource): Promise<void> => {
    let [from, isFromFirst] = [await anywhere(source), false];
    while (!isStopping) {
      const rows = await source.read(db, MOST_AT_ONCE, from);
      const next = rows.length === 0 ? undefined : await relayRows(source, rows);
      if (next === "relayed") {
        await giveWay();
        [from, isFromFirst] = [await anywhere(source), false];
      } else if (next !== undefined && rows.length === MOST_AT_ONCE) from = next;
      else if (isFromFirst) return;
      else [from, isFromFirst] = [undefined, true];
    }
  };

  const relayAll = async (source: RelaySource): Promise<void> => {
    while (!isStopping) {
      const rows = await source.read(db, MOST_AT_ONCE);
      if (rows.length === MOST_AT_ONCE) return relayBacklog(source);
      if (rows.length === 0 || (await relayRows(source, rows)) !== "relayed") return;
      await giveWay();
    }
  };

  const look = async (): Promise<void> => {
    for (const source of sources) {
      try {
        await relayAll(source);
      } catch (error) {
        const reason = relayFailure(error);
        log.warn({ source: source.name, reason }, "jobs of marked rows could not be queued; it is tried again");
      }
    }
  };

  /** Waits until it is time to look; false: it was woken, and waits anew. */
  const pause = async (): Promise<boolean> => {
    const next = PAUSES_MS[looks];
    if (next !== undefined) {
      looks += 1;
      await sleep(isBusy() ? Math.max(next, BUSY_PAUSE_MS) : next, undefined, { ref: false });
      return true;
    }
    isResting = true;
    const isWoken = await alarm.wait(withJitter(interval));
    isResting = false;
    return !isWoken;
  };

  const run = async (): Promise<void> => {
    while (!isStopping) if (await pause()) await look();
  };

  return {
    wake: () => {
      looks = 0;
      if (isResting) alarm.ring();
    },
    start: (all) => {
      sources = all;
      if (sources.length > 0) loop = run();
    },
    counts: () => Promise.all(sources.map(async ({ name, counts }) => ({ source: name, ...(await counts(db)) }))),
    stop: async () => {
      isStopping = true;
      alarm.ring();
      await loop;
    },
  };
};
