import type { Database, DatabaseLog, Sql } from "../db/sql.ts";
import { DatabaseUnavailable, isOfValues, SqlError } from "../db/sql-error.ts";
import type { Jobs } from "./engine.ts";
import type { PlacedJob } from "./job.ts";

/** A row that is marked: its jobs are still to be queued. */
export interface MarkedRow {
  readonly id: string;
  /** Whose it is. */
  readonly identityId: string;
  /** What is queued for it: several jobs, or none. @throws Error for a row that cannot be read */
  jobs(): readonly PlacedJob[];
}

/** From which person on rows are read: with theirs, or after theirs. */
export interface RowsFrom {
  readonly identityId: string;
  readonly isAfter: boolean;
}

/** A table with rows whose jobs are queued after the transaction that writes them. */
export interface RelaySource {
  /** Names it in the log and in figures: lower-case letters, digits and `_`. */
  readonly name: string;
  /**
   * Reads rows that are marked, `limit` of them at most, by an index that has nothing else: by person, and those of a
   * person in the order in which their jobs are done. Left out, `from` is the first one.
   */
  read(sql: Sql, limit: number, from?: RowsFrom): Promise<readonly MarkedRow[]>;
  /** The person of the marked row after the first `skipped`; undefined: there are not so many. */
  personAfter(sql: Sql, skipped: number): Promise<string | undefined>;
  /**
   * Takes the marks off, by the primary keys of the rows; gives how many still had one. It is the first statement of
   * the transaction: whoever deletes the rows of a person deletes these before their jobs, so that none is left over.
   */
  unmark(tx: Sql, rows: readonly MarkedRow[]): Promise<number>;
  /** Has a row that no jobs can be queued for read no more, until an operator marks it again; false: it has no mark. */
  setAside(sql: Sql, row: MarkedRow): Promise<boolean>;
  /** How many rows are marked, and how many were set aside. */
  counts(sql: Sql): Promise<{ readonly waiting: number; readonly aside: number }>;
}

/** What queues the jobs of rows. */
export interface RelayRowsDeps {
  readonly db: Database;
  readonly jobs: Pick<Jobs, "enqueueAll" | "wake">;
  readonly log: Pick<DatabaseLog, "warn">;
}

/**
 * Queues the jobs of rows that were read together; returns where the next rows begin, or `relayed` if another node was
 * first and nothing was written.
 *
 * @throws DatabaseUnavailable
 */
export type RelayRows = (source: RelaySource, rows: readonly MarkedRow[]) => Promise<RowsFrom | "relayed">;

/** Another node queues the jobs of the same rows, or they were deleted meanwhile: nothing was written. */
class AlreadyRelayed extends Error {}

/** No jobs can be queued for a row, now or later: it cannot be read, or the database refuses what is made of it. */
class Unqueueable extends Error {}

/** @throws Unqueueable for what fails each time; anything else as it is */
const throwUnqueueable = (error: unknown): never => {
  if (error instanceof DatabaseUnavailable || (error instanceof SqlError && !isOfValues(error))) throw error;
  throw new Unqueueable(relayFailure(error));
};

/**
 * Creates a `RelayRows`. One transaction is for all rows. Where it fails they are gone through one by one, so that none
 * holds up the others: one that would fail each time is set aside, any other is left for later with all that follows of
 * its person.
 */
export const createRelayRows = ({ db, jobs, log }: RelayRowsDeps): RelayRows => {
  /** @throws AlreadyRelayed @throws Unqueueable */
  const queue = async (source: RelaySource, rows: readonly MarkedRow[]): Promise<void> => {
    const queued = rows.flatMap(readJobs);
    await db.transaction(async (tx) => {
      if ((await source.unmark(tx, rows)) !== rows.length) throw new AlreadyRelayed();
      await jobs.enqueueAll(tx, queued).catch(throwUnqueueable);
    });
    for (const kind of new Set(queued.map((job) => job.kind))) jobs.wake(kind);
  };

  const setAside = async (source: RelaySource, row: MarkedRow, { message }: Unqueueable): Promise<void> => {
    if (!(await source.setAside(db, row))) return;
    log.warn(
      { source: source.name, id: row.id, identity: row.identityId, reason: message },
      "no jobs can be queued for a marked row; it was set aside",
    );
  };

  /** Gives why a row has to wait; undefined where its jobs are queued, it is somebody else's, or it was set aside. */
  const queueOne = async (source: RelaySource, row: MarkedRow): Promise<string | undefined> => {
    try {
      await queue(source, [row]);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error;
      if (error instanceof Unqueueable) await setAside(source, row, error);
      else if (!(error instanceof AlreadyRelayed)) return relayFailure(error);
    }
    return undefined;
  };

  /** Gives whose rows are left for later. */
  const queueEach = async (source: RelaySource, rows: readonly MarkedRow[]): Promise<ReadonlySet<string>> => {
    const left = new Set<string>();
    let failure: string | undefined;
    for (const row of rows) {
      if (left.has(row.identityId)) continue;
      const failed = await queueOne(source, row);
      if (failed === undefined) continue;
      left.add(row.identityId);
      failure = failed;
    }
    if (failure !== undefined)
      log.warn(
        { source: source.name, people: left.size, reason: failure },
        "jobs of some marked rows could not be queued; it is tried again",
      );
    return left;
  };

  return async (source, rows) => {
    let left: ReadonlySet<string> = new Set();
    try {
      await queue(source, rows);
    } catch (error) {
      if (error instanceof AlreadyRelayed) return "relayed";
      if (error instanceof DatabaseUnavailable) throw error;
      left = await queueEach(source, rows);
    }
    const identityId = rows.at(-1)?.identityId ?? "";
    return { identityId, isAfter: left.has(identityId) };
  };
};

/** Why it failed, without what stands in a row: texts of other errors may quote it. */
export const relayFailure = (error: unknown): string => {
  if (error instanceof SqlError || error instanceof DatabaseUnavailable) return error.message;
  return error instanceof Error ? error.name : "unknown";
};

/** @throws Unqueueable */
const readJobs = (row: MarkedRow): readonly PlacedJob[] => {
  try {
    return row.jobs();
  } catch (error) {
    return throwUnqueueable(error);
  }
};
