import type { JsonObject } from "@bufbuild/protobuf";

/** A job that this node may do until its lease ends. */
export interface ClaimedJob<Payload = JsonObject> {
  readonly id: string;
  readonly kind: string;
  readonly attempt: number;
  /** How many nodes have lost it since its last attempt that ended: each was killed, or gave no sign of life. */
  readonly lost: number;
  readonly position: number;
  /** Whether others with its key wait until it is done. */
  readonly isOrdered: boolean;
  /** Undefined when the key that encrypted it is gone. */
  readonly payload: Payload | undefined;
}

/**
 * The rows of one kind of job: they say when each is due, and which node does it. Every time is the database's, so that
 * clocks of nodes may differ.
 */
export interface JobRows<Payload = JsonObject> {
  /** Ids of jobs that are due, the longest due first. */
  due(limit: number): Promise<readonly string[]>;
  /** Claims a job for as long as a lease lasts; undefined when another node was faster. */
  claim(id: string): Promise<ClaimedJob<Payload> | undefined>;
  /** Prolongs the lease; false when it was lost. */
  renew(id: string): Promise<boolean>;
  /** Removes a job that is done. */
  remove(id: string): Promise<void>;
  /** Gives a job back: it is due again in `delay` milliseconds, with so many attempts behind it. */
  release(id: string, how: { delay: number; reason: string; attempts: number }): Promise<void>;
  /** Sets a job aside for the operator. */
  park(id: string, reason: string): Promise<void>;
}

/**
 * Rows of a kind of job in a table of its own: what `Jobs` does with the table `jobs` (list, repeat, drop, unpark,
 * cancel, ensure) leaves them out, and only `counts` has both.
 */
export interface OwnJobRows<Payload> extends JobRows<Payload> {
  /** How many jobs wait. */
  count(): Promise<number>;
}

/**
 * The columns that a claim counts in, for the list of an UPDATE that sets `owner` after them. A claim is an attempt,
 * unless a node still owns the job whose lease is over: the attempt of that one is made again.
 */
export const countClaim = (attempts: string): string =>
  `${attempts} = ${attempts} + (owner IS NULL), lost = lost + (owner IS NOT NULL)`;

/** Nodes that may lose a job, one after the other, before it is taken for what ends them. */
export const mostLost = 10;

/** A node in one run: who claims jobs. */
export interface JobNode {
  /** 16 bytes. */
  readonly owner: Buffer;
  /** Milliseconds for which a job is claimed. */
  readonly lease: number;
}
