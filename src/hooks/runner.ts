import type { JsonObject } from "@bufbuild/protobuf";
import type { AfterConfig } from "../config/config.ts";
import type { Sql } from "../db/sql.ts";
import type { Hook, HookFactory, TransactionContext } from "./phases.ts";

/** Runs the hooks of one flow, phase by phase, in the order of the configuration. */
export interface HookRunner {
  /** The phase that writes with the change. */
  inTransaction(tx: Sql, context: TransactionContext): Promise<void>;
}

/**
 * Creates the runner of what is configured after a flow. The hooks of the
 * submitted method run; the general ones only if the method has none
 * (docs/compatibility.md, rule 9).
 */
export const createHookRunner = (after: AfterConfig, factories: Readonly<Record<string, HookFactory>>): HookRunner => {
  const named = (list: AfterConfig["hooks"]): Hook[] =>
    list.flatMap(({ hook, config }) => factories[hook]?.(config as JsonObject | undefined) ?? []);
  const general = named(after.hooks);
  const byMethod = new Map(Object.entries(after.methods).map(([method, part]) => [method, named(part.hooks)]));
  const hooksOf = (method: string): readonly Hook[] => {
    const own = byMethod.get(method) ?? [];
    return own.length > 0 ? own : general;
  };
  return {
    inTransaction: async (tx, context) => {
      for (const hook of hooksOf(context.method)) await hook.inTransaction?.(tx, context);
    },
  };
};
