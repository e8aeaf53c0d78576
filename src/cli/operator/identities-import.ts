import { createHash, randomUUID } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import { type Command, CommandError } from "../command.ts";
import { createStopSignal } from "../stop-signal.ts";
import { adminHelp, adminOptions, mustBeOne } from "./admin-client.ts";
import { readConnection } from "./connection.ts";
import { createProgressFile, type ImportProgress } from "./import-progress.ts";
import { type LinePart, lineParts } from "./line-parts.ts";
import { createMeter } from "./progress-meter.ts";
import { countLines, type LineCounts, sendLines } from "./send-lines.ts";

/** What is sent at once: what it becomes is reported before the next is sent. */
const PART = { lines: 1_000, bytes: 1_048_576 };

/** `ostiary identities import` */
export const identitiesImport: Command = {
  name: "identities import",
  summary: "create identities from a file",
  help: `Creates identities from a file of one JSON object a line, as POST /admin/identities
takes them, however many there are. Lines that cannot be imported are printed with their
number and the field at fault, and the rest is imported. How far it came stands in
FILE.progress: called again after it was interrupted, it goes on there, unless what comes
before that place is not what was imported: then it begins anew. A line that was imported
before is not imported again.

Usage: ostiary identities import FILE|- [--import-id ID]

      --import-id ID    the same line of the same import is the same person, whenever
                        it is sent (default: the name of the file; of standard input:
                        another each time)
${adminHelp}

Exit codes: 0 everyone is there; 1 some lines failed, or the server could not be
reached; 130 it was interrupted.

Examples:
  ostiary identities import people.ndjson
  zcat people.ndjson.gz | ostiary identities import - --import-id crm-2026
  ostiary identities import people.ndjson --admin-url https://admin.example.com \\
    --api-key-file /run/secrets/ostiary`,
  options: { ...adminOptions, "import-id": { type: "string" } },
  takesArguments: true,
  run: async (values, args) => {
    const name = mustBeOne(args, "one file, or - for standard input");
    const connection = await readConnection(values);
    const size = name === "-" ? undefined : sizeOf(name);
    const file = size === undefined ? undefined : createProgressFile(name);
    const given = typeof values["import-id"] === "string" ? values["import-id"] : undefined;
    const importId = given ?? (size === undefined ? randomUUID() : path.basename(name));
    const stored = await file?.read();
    const goesOn = stored?.progress.importId === importId ? stored : undefined;
    const begun = goesOn?.progress ?? start(importId);
    const before = goesOn?.before ?? createHash("sha256");
    const stop = createStopSignal(() => console.error("\ninterrupted: what was sent is waited for"));
    const meter = createMeter(size);

    const source = size === undefined ? process.stdin : createReadStream(name, { start: begun.offset });
    let progress = begun;
    for await (const part of lineParts(source as AsyncIterable<Buffer>, begun, PART)) {
      if (stop.signal.aborted) break;
      const lines = await sendLines({ connection, query: { import_id: importId }, part, stopped: stop.signal });
      progress = add(progress, part, countLines(lines));
      file?.write(progress, before.update(part.bytes));
      meter.show(progress, begun);
    }
    meter.end();
    const { created, existing, failed } = progress;
    const isInterrupted = stop.signal.aborted;
    if (isInterrupted) console.error(`interrupted before line ${progress.line}; called again, it goes on there`);
    else file?.remove();
    const counts = { created, existing, failed };
    console.log(
      values.json === true ? JSON.stringify(counts) : `${created} created, ${existing} there already, ${failed} failed`,
    );
    process.exitCode = isInterrupted ? 130 : failed > 0 ? 1 : 0;
  },
};

const start = (importId: string): ImportProgress => ({
  importId,
  line: 1,
  offset: 0,
  created: 0,
  existing: 0,
  failed: 0,
});

/** @throws CommandError */
const sizeOf = (name: string): number => {
  try {
    const stat = statSync(name);
    if (stat.isFile()) return stat.size;
  } catch {
    throw new CommandError(`there is no file ${name}`);
  }
  throw new CommandError(`${name} is no file`);
};

const add = (progress: ImportProgress, part: LinePart, counts: LineCounts): ImportProgress => ({
  ...progress,
  line: part.firstLine + part.lines,
  offset: part.end,
  created: progress.created + counts.created,
  existing: progress.existing + counts.existing,
  failed: progress.failed + counts.failed,
});
