import type { Finding } from "../move-in/compare-configurations.ts";
import type { MoveReport } from "../move-in/report.ts";

/** What a move came to. */
export interface MoveOutcome {
  readonly report: MoveReport;
  readonly findings: readonly Finding[];
  readonly leftovers: Readonly<Record<string, number>>;
  readonly isCheck: boolean;
  /** Whether it was not interrupted. */
  readonly isWhole: boolean;
}

/** Prints it, for people or as one JSON object. */
export const printMove = (outcome: MoveOutcome, json: boolean): void => {
  const { report, findings, leftovers, isCheck, isWhole } = outcome;
  if (json) {
    console.log(JSON.stringify({ check: isCheck, complete: isWhole, ...report, stays_behind: leftovers, findings }));
    return;
  }
  const { found, moved, changed, unchanged, deleted, kept, refused } = report;
  const people: Readonly<Record<string, number>> = { found, moved, changed, unchanged, deleted, kept, refused };
  const sections: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
    ["People", people],
    ["By schema", report.schemas],
    ["Credentials", report.credentials],
    ["Links to providers", report.providers],
    ["Passkeys, by whether they verified their owner when they were made", report.passkeys],
    ["Addresses", report.addresses],
    ["Sessions", { "go on": report.sessions }],
    ["Refused because", report.reasons],
    ["Of people who come along, stays behind", report.left],
    ["Stays behind altogether", leftovers],
  ];
  const shown = sections.filter(([, counts]) => Object.keys(counts).length > 0);
  console.log(
    [
      ...(isCheck ? ["Nothing was written. A move would come to this:"] : []),
      ...shown.flatMap(([head, counts]) => ["", head, ...table(counts)]),
      ...(findings.length === 0 ? [] : ["", "Configuration"]),
      ...findings.map(({ kind, text }) => `  ${marks[kind]} ${text}`),
      ...(isWhole ? [] : ["", "It was interrupted: run it again, and it goes on."]),
    ].join("\n"),
  );
};

const marks = { fine: "ok     ", note: "note   ", problem: "PROBLEM" } as const;

const table = (counts: Readonly<Record<string, number>>): readonly string[] => {
  const width = Math.max(...Object.keys(counts).map(({ length }) => length));
  return Object.entries(counts).map(([name, many]) => `  ${name.padEnd(width)}  ${many}`);
};

/** Milliseconds between two lines of progress where no terminal shows them. */
const PROGRESS_EVERY_MS = 5_000;

/** Shows on stderr how far a move is: in place on a terminal, else a line now and then. */
export const createMoveProgress = (stream: NodeJS.WriteStream = process.stderr) => {
  let [open, last] = [false, Date.now()];
  const end = (): void => {
    if (open) stream.write("\n");
    open = false;
  };
  return {
    show(done: number, found: number): void {
      const text = `${done} of ${found}`;
      if (stream.isTTY) {
        stream.write(`\r${text}`);
        open = true;
      } else if (Date.now() - last > PROGRESS_EVERY_MS) {
        stream.write(`${text}\n`);
        last = Date.now();
      }
    },
    line(text: string): void {
      end();
      stream.write(`${text}\n`);
    },
    end,
  };
};
