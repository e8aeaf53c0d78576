import type { JobKind } from "./jobs/job.ts";
import type { PurgeTask } from "./jobs/purge.ts";
import type { RelaySource } from "./jobs/relay-rows.ts";
import type { ServiceDefinition } from "./lib/service.ts";

/**
 * What an aggregate, a group of flows or a feature gives to the server. Each
 * has a `createX(core, …)` that takes narrow dependencies; app.ts lists them.
 */
export interface Module {
  /** Services of the contract that it implements. */
  readonly services?: readonly ServiceDefinition[];
  /** Work that outlives requests. */
  readonly jobs?: readonly JobKind<unknown>[];
  /** Tables with rows whose jobs are queued after the transaction that writes them. */
  readonly relayed?: readonly RelaySource[];
  /** Tables whose rows end by themselves. */
  readonly purge?: readonly PurgeTask[];
  /** Runs once the listeners are open. What fails is logged and keeps nobody from serving. */
  started?(): Promise<void>;
  /** Frees what it holds, once no call is in flight. */
  close?(): Promise<void>;
}
