import type { AfterConfig } from "../config/config.ts";
import type { Sql } from "../db/sql.ts";
import type { IdentityRecord } from "../identity/identity.ts";
import type { Call } from "../lib/call.ts";
import type { SessionRecord } from "../session/session.ts";

/*
 * What a configured hook may do, and when. A hook is one file; the list of them
 * is index.ts. Flows see these interfaces only.
 */

/** What a hook after a settings change sees. */
export interface SettingsHookContext {
  readonly before: IdentityRecord;
  readonly after: IdentityRecord;
  readonly session: SessionRecord;
  readonly method: string;
  readonly call: Call;
}

/** What a hook after signing in sees. */
export interface LoginHookContext {
  readonly identity: IdentityRecord;
  readonly session: SessionRecord;
  readonly call: Call;
}

/** A hook, by what it can do. */
export interface Hook {
  /** Runs in the transaction of the change: it happens with it or not at all. */
  afterSettings?(tx: Sql, context: SettingsHookContext): Promise<void>;
  /** Runs in the transaction that begins the session. */
  afterLogin?(tx: Sql, context: LoginHookContext): Promise<void>;
  /** Signing up signs in at once. */
  readonly signsIn?: boolean;
}

/** The hooks of one flow, by method. */
export interface HooksOf {
  after(method: string): readonly Hook[];
}

/**
 * Resolves what is configured after a flow: the hooks of the method, or the
 * general ones only if it has none (contract, settings 5.2).
 */
export const resolveHooks = (after: AfterConfig, all: Readonly<Record<string, Hook>>): HooksOf => {
  const named = (list: AfterConfig["hooks"]) => list.flatMap(({ hook }) => all[hook] ?? []);
  const general = named(after.hooks);
  const byMethod = new Map(Object.entries(after.methods).map(([method, part]) => [method, named(part.hooks)]));
  return {
    after: (method) => {
      const own = byMethod.get(method) ?? [];
      return own.length > 0 ? own : general;
    },
  };
};
