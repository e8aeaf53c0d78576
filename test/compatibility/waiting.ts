import { readFileSync } from "node:fs";

/** Scenarios that cannot pass before a feature is there. */
interface WaitingScenarios {
  /** `recovery/*`. */
  readonly scenario: string;
  readonly for: string;
}

/** What is not built yet, and so is not compared. */
export interface Waiting {
  readonly scenarios: readonly WaitingScenarios[];
  /** Node groups of methods that are not there, by group: what they wait for. */
  readonly nodeGroups: Readonly<Record<string, string>>;
}

/** The committed list of what waits, test/compatibility/waiting.json. */
export const waiting = JSON.parse(readFileSync(new URL("waiting.json", import.meta.url), "utf8")) as Waiting;
