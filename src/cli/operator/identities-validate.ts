import { createReadStream } from "node:fs";
import { type Command, CommandError } from "../command.ts";
import { createStopSignal } from "../stop-signal.ts";
import { adminHelp, adminOptions, mustBeNamed } from "./admin-client.ts";
import { readConnection } from "./connection.ts";
import { lineParts } from "./line-parts.ts";
import { countLines, sendLines } from "./send-lines.ts";

/** What is sent at once. */
const PART = { lines: 1_000, bytes: 1_048_576 };

/** `ostiary identities validate` */
export const identitiesValidate: Command = {
  name: "identities validate",
  summary: "print which lines of a file cannot be imported",
  help: `Checks files of one JSON object a line as \`identities import\` would: schema, traits,
credentials, and whether somebody has an identifier, an address or an external id
already. Nothing is written. Two lines of a file that claim the same are reported
where they are less than a hundred apart; an import reports all of them.

Usage: ostiary identities validate FILE|-...

${adminHelp}

Exit codes: 0 every line could be imported; 1 some could not be.

Examples:
  ostiary identities validate people.ndjson
  zcat people.ndjson.gz | ostiary identities validate - --json`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const connection = await readConnection(values);
    const stop = createStopSignal(() => console.error("\ninterrupted"));
    const counts = { valid: 0, existing: 0, failed: 0 };
    for (const name of mustBeNamed(args, "files, or - for standard input")) {
      const prefix = args.length > 1 ? `${name}: ` : "";
      for await (const part of lineParts(chunksOf(name), { line: 1, offset: 0 }, PART)) {
        if (stop.signal.aborted) break;
        const lines = await sendLines({ connection, query: { validate_only: "true" }, part, stopped: stop.signal });
        const { created, existing, failed } = countLines(lines, prefix);
        counts.valid += created;
        counts.existing += existing;
        counts.failed += failed;
      }
    }
    const { valid, existing, failed } = counts;
    console.log(
      values.json === true ? JSON.stringify(counts) : `${valid} valid, ${existing} there already, ${failed} failed`,
    );
    process.exitCode = stop.signal.aborted ? 130 : failed > 0 ? 1 : 0;
  },
};

/** @throws CommandError */
async function* chunksOf(name: string): AsyncGenerator<Buffer> {
  try {
    yield* (name === "-" ? process.stdin : createReadStream(name)) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new CommandError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
