import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../command.ts";
import { withoutArray } from "./array-lines.ts";
import type { Connection } from "./connection.ts";
import type { LinePart } from "./line-parts.ts";
import { postLines } from "./post-lines.ts";

/** Milliseconds between tries while the server cannot be reached. */
const PAUSES = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/** What became of a line. */
export interface AnsweredLine {
  readonly line: number;
  readonly action: string;
  readonly identity?: string;
  readonly error?: { readonly message: string; readonly reason?: string; readonly field?: string };
}

/** What is to be done with the lines of a part. */
export interface LinesToSend {
  readonly connection: Connection;
  /** Of the request: `import_id`, `validate_only`. */
  readonly query: Readonly<Record<string, string>>;
  readonly part: Pick<LinePart, "bytes" | "firstLine">;
  /** Ends the waiting for a server that is not there. */
  readonly stopped: AbortSignal;
}

/** Sends lines to the import until they are answered: what came of each. @throws CommandError */
export const sendLines = async ({ connection, query, part, stopped }: LinesToSend): Promise<AnsweredLine[]> => {
  const { bytes, firstLine } = part;
  const parameters = new URLSearchParams({ ...query, first_line: String(firstLine) });
  for (let tries = 0; ; tries++) {
    const outcome = await postLines(connection, `/admin/identities/import?${parameters}`, withoutArray(bytes));
    if (outcome.kind === "answered") return outcome.lines.map((text) => JSON.parse(text) as AnsweredLine);
    const pause = PAUSES[tries];
    if (outcome.kind === "refused" || pause === undefined || stopped.aborted)
      throw new CommandError(`line ${firstLine} and those after it are not imported: ${outcome.reason}`);
    if (tries === 0) console.error(`\nline ${firstLine}: ${outcome.reason}; trying again`);
    await sleep(pause, undefined, { signal: stopped }).catch(() => undefined);
  }
};

/** Why a line failed, with the field at fault. */
export const failureOf = ({ error }: AnsweredLine): string => {
  const reason = error?.reason ?? error?.message ?? "it was refused";
  const field = error?.field === undefined || reason.includes(error.field) ? "" : `${error.field}: `;
  return `${field}${reason}`;
};

/** How many lines became what. */
export interface LineCounts {
  readonly created: number;
  readonly existing: number;
  readonly failed: number;
}

/** Counts lines by what became of them; those that failed are printed. @param of the file, where there are several */
export const countLines = (lines: readonly AnsweredLine[], of = ""): LineCounts => {
  const many = (action: string): number => lines.filter((line) => line.action === action).length;
  for (const line of lines) if (line.action === "error") console.error(`${of}line ${line.line}: ${failureOf(line)}`);
  return { created: many("create"), existing: many("exists"), failed: many("error") };
};
