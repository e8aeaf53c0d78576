import type { JsonObject } from "@bufbuild/protobuf";

/** A job that this node may do until its lease ends. */
export interface ClaimedJob<Payload = JsonObject> {
  readonly id: string;
  readonly kind: string;
  readonly attempt: number;
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

/** A node in one run: who claims jobs. */
export interface JobNode {
  /** 16 bytes. */
  readonly owner: Buffer;
  /** Milliseconds for which a job is claimed. */
  readonly lease: number;
}
