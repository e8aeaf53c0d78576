import { readFileSync } from "node:fs";
import { type Difference, matches } from "./compare.ts";

/** A difference that is meant, as a row of docs/differences-from-ory-kratos.md says. */
export interface Accepted {
  /** `scenario: path`, with `*` for any run of characters. */
  readonly where: string;
  /** The two values, where given: `*` in a text for any run of characters, null for nothing there. */
  readonly recorded?: unknown;
  readonly ours?: unknown;
  /** The first column of its row. */
  readonly why: string;
  /** The feature that ends it. */
  readonly until?: string;
  /** Why no scenario here needs it. */
  readonly unseen?: string;
}

/** The committed list, test/compatibility/accepted.json. */
export const accepted = JSON.parse(
  readFileSync(new URL("accepted.json", import.meta.url), "utf8"),
) as readonly Accepted[];

const agrees = (given: unknown, value: unknown): boolean =>
  typeof given === "string" && typeof value === "string"
    ? matches(given, value)
    : JSON.stringify(given) === JSON.stringify(value ?? null);

/** Finds the entry that accepts a difference; undefined when none does. */
export const findAccepted = (scenario: string, { path, recorded, ours }: Difference): Accepted | undefined =>
  accepted.find(
    (entry) =>
      matches(entry.where, `${scenario}: ${path}`) &&
      (!("recorded" in entry) || agrees(entry.recorded, recorded)) &&
      (!("ours" in entry) || agrees(entry.ours, ours)),
  );
