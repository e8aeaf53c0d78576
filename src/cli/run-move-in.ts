import { availableParallelism, hostname } from "node:os";
import { loadConfig } from "../config/load.ts";
import { pendingMigrations } from "../db/migrate.ts";
import { createDatabase } from "../db/pool.ts";
import type { Database } from "../db/sql.ts";
import { systemClock } from "../lib/clock.ts";
import { compareConfigurations, compareWithPeople, type Finding } from "../move-in/compare-configurations.ts";
import { openSource, type Source } from "../move-in/source/source.ts";
import { SourceError } from "../move-in/source/source-error.ts";
import { createMarks } from "../move-in/target/marks.ts";
import { acquireMoveLease, type MoveHolder, type MoveLease, type MoveStopped } from "../move-in/target/move-lease.ts";
import { CommandError } from "./command.ts";
import type { MoveInCall } from "./move-in-call.ts";
import { moveByThreads } from "./move-threads.ts";
import { createMoveProgress, printMove } from "./print-move.ts";
import { createStopSignal } from "./stop-signal.ts";

/** Moves, or tells what would be moved. */
export async function runMoveIn(call: MoveInCall): Promise<void> {
  const { config } = loadConfig({ files: call.files, env: call.env });
  if (config.dsn === undefined)
    throw new CommandError("the configuration has no dsn: a move needs a database of its own");
  const theirs = call.fromFiles.length === 0 ? undefined : loadConfig({ files: call.fromFiles, env: {} });
  const stop = createStopSignal(() => console.error("letting what is under way end"));
  await using begun = new AsyncDisposableStack();
  const db = createDatabase({ dsn: config.dsn, poolSize: 1 });
  begun.defer(() => db.close());
  if ((await pendingMigrations(db)).length > 0)
    throw new CommandError("the database here lacks migrations; run: ostiary migrate");
  const source = await opened(call);
  begun.defer(() => source.close());
  const lease = call.check ? undefined : await onlyRun(source, db, stop.signal);
  if (lease?.kind === "stopped") {
    process.exitCode = 130;
    return;
  }
  if (lease !== undefined) begun.defer(lease.release);
  if (!call.deletes && !call.check) await mustBeWhole(source, db);

  const progress = createMoveProgress();
  const found = await source.count();
  const report = await moveByThreads(call, threadsOf(call, found), {
    signal: lease === undefined ? stop.signal : AbortSignal.any([stop.signal, lease.lost]),
    onRefused: ({ id, explain }) => progress.line(`${id}: ${explain}`),
    onProgress: (done) => progress.show(done, found),
  });
  progress.end();
  if (lease?.lost.aborted)
    throw new CommandError("the database was out of reach, and another run may have begun: run it again after that");
  const findings: Finding[] = [
    ...(theirs?.warnings ?? []).map((text): Finding => ({ kind: "note", text: `there: ${text}` })),
    ...(theirs === undefined ? [] : compareConfigurations(config, theirs.config)),
    ...compareWithPeople(config, report),
  ];
  const leftovers = await source.leftovers(systemClock.now());
  printMove({ report, findings, leftovers, isCheck: call.check, isWhole: !stop.signal.aborted }, call.json);
  if (stop.signal.aborted) process.exitCode = 130;
  else if (report.refused > 0) process.exitCode = 1;
}

/** Fewer people are moved before a second thread has started. */
const MANY = 10_000;

/** So many as there are processors, unless the call says how many. */
const threadsOf = ({ threads, workers }: MoveInCall, people: number): number =>
  threads ?? (people < MANY ? 1 : Math.min(workers, availableParallelism()));

/** @throws CommandError */
const opened = async ({ from, network }: MoveInCall): Promise<Source> => {
  try {
    return await openSource({ dsn: from, network, connections: 1 });
  } catch (error) {
    if (error instanceof SourceError) throw new CommandError(`the source: ${error.message}`);
    throw error;
  }
};

/** Two runs at once would undo each other. @throws CommandError */
const onlyRun = async (source: Source, db: Database, signal: AbortSignal): Promise<MoveLease | MoveStopped> => {
  const lease = await acquireMoveLease(db, {
    source: source.network,
    about: `${hostname()}, process ${process.pid}`,
    signal,
    onWait: (holder) =>
      console.error(`${nameOf(holder)} imports from this source: waiting until it is clear that it lives`),
  });
  if (lease.kind !== "held") return lease;
  throw new CommandError(`${nameOf(lease)} imports from this source`);
};

const nameOf = ({ about, begunAt }: MoveHolder): string => `another run (${about}, since ${begunAt.toISOString()})`;

/** A database that was emptied, or another one, must not empty this one. @throws CommandError */
const mustBeWhole = async (source: Source, db: Database): Promise<void> => {
  const [there, came] = [await source.count(), await createMarks(source.network).count(db)];
  if (there < came / 2)
    throw new CommandError(
      `the source has ${there} people, and ${came} came from it: if so many were deleted there, say --delete`,
    );
};
