import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { AfterConfig, HookConfig } from "../config/hook-config.ts";
import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type {
  BeforeContext,
  ChangeContext,
  Hook,
  HookFactory,
  HookFlowKind,
  HookPlace,
  HookRejected,
  IdentityRevision,
  WrittenContext,
} from "./phases.ts";

/** Runs the hooks of one flow, phase by phase, one after the other in the order of `createHookRunner`. */
export interface HookRunner {
  /** Before a flow is created. @throws ServiceError what a hook refuses the flow with */
  before(context: BeforeContext): Promise<void>;
  /**
   * Before a change is written. Each hook sees the person as the ones before it left them. Stops at the first that
   * refuses.
   *
   * @param revise makes the person of what a hook changes, or refuses it
   * @throws ServiceError what a hook ends the request with
   */
  beforePersist(
    context: ChangeContext,
    revise: (revision: IdentityRevision) => IdentityRecord | HookRejected,
  ): Promise<HookRejected | undefined>;
  /** Whether any hook may refuse or revise a change of this method. */
  mayRefuse(method: string): boolean;
  /** Writes with the change. */
  inTransaction(tx: Sql, context: WrittenContext): Promise<void>;
  /** After the change is written: how the client continues. @throws ServiceError */
  afterCommit(context: WrittenContext): Promise<readonly ContinueWith[]>;
}

/** The hooks of a flow, as configured, and those that belong to it whatever is configured. */
export interface HookLists {
  readonly flow: HookFlowKind;
  readonly before: readonly HookConfig[];
  readonly after: AfterConfig;
  /** Run before all others after the flow, in every method. */
  readonly implicit?: readonly Hook[];
}

/**
 * Creates the runner of a flow's hooks (docs/compatibility.md, rule 9). After
 * the flow the hooks of the submitted method run; the general ones only if the
 * method has none. Implicit hooks run first, then the list in its order, but
 * for hooks that ask to be first or last.
 */
export const createHookRunner = (
  { flow, before, after, implicit = [] }: HookLists,
  factories: Readonly<Record<string, HookFactory>>,
): HookRunner => {
  const named = (list: readonly HookConfig[], when: HookPlace["when"]): Hook[] =>
    list
      .flatMap(({ hook, config }) => factories[hook]?.(config as JsonObject | undefined, { flow, when }) ?? [])
      .toSorted((a, b) => rank(a) - rank(b));
  const atCreation = named(before, "before");
  const general = [...implicit, ...named(after.hooks, "after")];
  const byMethod = new Map(
    Object.entries(after.methods).map(([method, { hooks }]) => [
      method,
      hooks.length > 0 ? [...implicit, ...named(hooks, "after")] : general,
    ]),
  );
  const hooksOf = (method: string): readonly Hook[] => byMethod.get(method) ?? general;

  return {
    before: async (context) => {
      for (const hook of atCreation) await hook.before?.(context);
    },

    beforePersist: async (context, revise) => {
      let { identity } = context;
      for (const hook of hooksOf(context.method).toSorted((a, b) => rankBefore(a) - rankBefore(b))) {
        const result = await hook.beforePersist?.({ ...context, identity });
        if (result === undefined) continue;
        const revised = result.kind === "revised" ? revise(result.revision) : result;
        if ("kind" in revised) return revised;
        identity = revised;
      }
      return undefined;
    },

    mayRefuse: (method) => hooksOf(method).some((hook) => hook.beforePersist !== undefined),

    inTransaction: async (tx, context) => {
      for (const hook of hooksOf(context.method)) await hook.inTransaction?.(tx, context);
    },

    afterCommit: async (context) => {
      const continueWith: ContinueWith[] = [];
      for (const hook of hooksOf(context.method)) continueWith.push(...((await hook.afterCommit?.(context)) ?? []));
      return continueWith;
    },
  };
};

const ranks = { first: 0, last: 2, queued: 3 } as const;

const rank = ({ order }: Hook): number => (order === undefined ? 1 : ranks[order]);

/** What acts on the person as the others have left them runs after them. */
const rankBefore = ({ order }: Hook): number => (order === "first" ? 1 : 0);
