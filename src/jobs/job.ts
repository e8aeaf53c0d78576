import type { JsonObject } from "@bufbuild/protobuf";
import type { JobNode, OwnJobRows } from "./rows.ts";

/*
 * Work that outlives a request: mails, events, imports, purging. This folder
 * owns the rows of such work, who does it on which node, and when it is tried
 * again. What the work is belongs to its kind, in the folder of the feature.
 */

/** One piece of work, as its kind sees it. */
export interface Job<Payload = JsonObject> {
  /** UUID v7. The same at every attempt: receivers tell a repetition by it. */
  readonly id: string;
  /** What the kind wrote when it queued the job. */
  readonly payload: Payload;
  /** 1 at the first attempt. */
  readonly attempt: number;
  /** Among the jobs with its key; see `NewJob.order`. */
  readonly position: number;
}

/** What a kind answers when the work cannot be done now. */
export interface Retry {
  readonly kind: "retry";
  /** What went wrong, for the operator: at most 255 characters are stored. Never a secret. */
  readonly reason: string;
  /** Milliseconds to wait at least, where a receiver asked for it (`Retry-After`). */
  readonly after?: number;
}

/** What a kind answers when the work can never be done. */
export interface Park {
  readonly kind: "park";
  /** As in `Retry`. */
  readonly reason: string;
}

/**
 * What a kind answers when the configuration of this node is not for the work, and that of another one may be: nodes
 * differ while a new configuration is rolled out. The attempt is not counted. See `createGiveBack`.
 */
export interface Unconfigured {
  readonly kind: "unconfigured";
  /** As in `Retry`. */
  readonly reason: string;
  /** Milliseconds to wait. */
  readonly after: number;
}

/** How an attempt ended: undefined is done. An error that is thrown counts as `retry`. */
export type JobResult = Retry | Park | Unconfigured | undefined;

/** A kind of job. */
export interface JobKind<Payload = JsonObject> {
  /** Lower-case letters, digits and `_`, 32 at most: the value of `jobs.kind`. */
  readonly name: string;
  /**
   * Does the work. It may run twice: when a node dies between the work and its
   * record. It ends soon after `signal` is aborted (the server stops, or the
   * lease is lost) by throwing the signal's reason; the attempt is not counted.
   */
  run(job: Job<Payload>, signal: AbortSignal): Promise<JobResult>;
  /**
   * Waits for the turn of a job that is claimed; what is given ends it. Rejects with the signal's reason once that is
   * aborted. The wait takes none of `timeout`. Left out: its turn is when it is claimed.
   */
  admit?(job: Job<Payload>, signal: AbortSignal): Promise<() => void>;
  /** Where its jobs stand. Left out: in `jobs`. */
  rows?(node: JobNode): OwnJobRows<Payload>;
  /** How many of this kind run at once on one node; a function is asked before each is begun. */
  readonly concurrency: number | (() => number);
  /**
   * Milliseconds after which an attempt that has not ended is aborted and counts as failed, so that its lease ends
   * whatever the work waits for. They count from its turn.
   */
  readonly timeout: number;
  /**
   * After how many attempts a job is parked. Left out: never. What a node that is killed had claimed loses none, begun
   * or not; what several nodes were lost with, one after the other, is parked all the same (`mostLost`).
   */
  readonly maxAttempts?: number;
  /** Milliseconds before the attempt that follows `attempt`, without jitter. */
  delay(attempt: number): number;
  /** Learns how many milliseconds it took to write down that a job is done. */
  settled?(milliseconds: number): void;
  /** For work without end, such as purging: milliseconds from one run to the next. One job of this kind exists. */
  readonly every?: number;
}

/**
 * Where a job stands among those with its key: a number, or the end. That is right over all nodes where the
 * transaction holds what the key stands for.
 */
export type JobPosition = number | "last";

/** What is queued. */
export interface NewJob {
  readonly kind: string;
  /** UUID. Left out: one of its own. */
  readonly id?: string;
  readonly payload: JsonObject;
  /** Whom it is about: it goes when they are erased. Left out: nobody. */
  readonly identityId?: string | undefined;
  /** Milliseconds from now before the first attempt. Default 0. */
  readonly delay?: number;
  /**
   * Jobs of one kind with the same key are done one after the other, by
   * `position`: the next begins when the one before is done or parked.
   */
  readonly order?: { readonly key: Buffer; readonly position: JobPosition };
}

/** A job whose place is known: several of them are queued by one statement. */
export interface PlacedJob extends NewJob {
  readonly order?: { readonly key: Buffer; readonly position: number };
}
