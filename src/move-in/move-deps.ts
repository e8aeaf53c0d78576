import type { Database } from "../db/sql.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Clock } from "../lib/clock.ts";
import type { Conversion } from "./convert/conversion.ts";
import type { RefusedPerson } from "./report.ts";
import type { Source } from "./source/source.ts";
import type { SourcePerson } from "./source/source-person.ts";

/** What a move is made of. */
export interface MoveDeps {
  readonly source: Source;
  readonly db: Database;
  readonly identities: Pick<IdentityStore, "findForUpdate" | "update">;
  readonly convert: (person: SourcePerson) => Conversion;
  readonly clock: Clock;
  /** Keys digests of what came, so that they do not reveal it. */
  readonly digestKey: string;
}

/** How a move goes on. */
export interface MoveOptions {
  /** Nothing is written: it is only reported what would be. */
  readonly dryRun?: boolean;
  /** Parts that are moved at once. */
  readonly workers?: number;
  /** Which of so many shares of all ids is moved, counted from 0: others move the others. Default: all of them. */
  readonly part?: MovePart;
  /** People of one batch. */
  readonly batch?: number;
  /** Ends it after the batches that are under way. */
  readonly signal?: AbortSignal;
  readonly onRefused?: (person: RefusedPerson) => void;
  readonly onProgress?: (done: number, found: number) => void;
}

/** One of several shares of all ids. */
export interface MovePart {
  /** From 0. */
  readonly number: number;
  readonly of: number;
}
