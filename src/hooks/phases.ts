import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { SessionRecord } from "../session/session.ts";

/*
 * What a configured hook may do, and when. A hook is one file; the list of them
 * is index.ts, the order in which they run is runner.ts.
 */

/** A flow that has hooks. */
export type HookFlow = "settings" | "login" | "registration";

/** What a hook sees of a change that is being written. */
export interface TransactionContext {
  readonly flow: HookFlow;
  /** The method that was submitted: `password`. */
  readonly method: string;
  readonly call: Call;
  /** The person as they are after the change. */
  readonly identity: IdentityRecord;
  /** The session of the person; undefined after a sign-up that has begun none. */
  readonly session: SessionRecord | undefined;
  /** Begins a session for the person who signed up. Undefined in other flows. */
  readonly beginSession?: () => Promise<void>;
}

/** A hook, by its phases. */
export interface Hook {
  /** Writes in the transaction of the change: it happens with it or not at all. It may run again after a deadlock. */
  inTransaction?(tx: Sql, context: TransactionContext): Promise<void>;
}

/** Makes a hook of its `config` in the configuration; undefined when it has none. */
export type HookFactory = (config: JsonObject | undefined) => Hook;
