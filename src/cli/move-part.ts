import { loadConfig } from "../config/load.ts";
import { createDatabase } from "../db/pool.ts";
import { createIdentityStore } from "../identity/store.ts";
import { createGarbageBound } from "../lib/bound-garbage.ts";
import { systemClock } from "../lib/clock.ts";
import { createConversion } from "../move-in/create-conversion.ts";
import { move } from "../move-in/move.ts";
import type { MoveOptions, MovePart } from "../move-in/move-deps.ts";
import type { MoveReport } from "../move-in/report.ts";
import { openSource } from "../move-in/source/source.ts";
import type { MoveInCall } from "./move-in-call.ts";

/** Bytes of what was thrown away that a thread of a move may hold: less costs it time. */
const GARBAGE = 64 * 1024 * 1024;

/** A part of a move, as a thread of its own can do it: it opens both sides itself. */
export interface PartCall {
  readonly call: MoveInCall;
  readonly part: MovePart;
}

/** Moves a part, with so many of the workers as fall to it. */
export const movePart = async (
  { call, part }: PartCall,
  { signal, onRefused, onProgress }: Required<Pick<MoveOptions, "signal" | "onRefused" | "onProgress">>,
): Promise<MoveReport> => {
  const workers = Math.max(1, Math.floor(call.workers / part.of));
  const { config } = loadConfig({ files: call.files, env: call.env });
  const theirs = call.fromFiles.length === 0 ? config : loadConfig({ files: call.fromFiles, env: {} }).config;
  await using begun = new AsyncDisposableStack();
  const db = createDatabase({ dsn: config.dsn ?? "", poolSize: workers + 1 });
  begun.defer(() => db.close());
  const source = await openSource({ dsn: call.from, network: call.network, connections: workers * 5 });
  begun.defer(() => source.close());
  const boundGarbage = createGarbageBound(GARBAGE);
  const digestKey = config.secrets.default[0] ?? "";
  const convert = await createConversion(config, theirs);
  return await move(
    { source, db, convert, identities: createIdentityStore(), clock: systemClock, digestKey },
    {
      ...{ workers, part, signal, onRefused },
      dryRun: call.check,
      onProgress: (done, found) => {
        boundGarbage();
        onProgress(done, found);
      },
    },
  );
};
