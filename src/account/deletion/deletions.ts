import type { AuditLog } from "../../audit/audit-log.ts";
import type { AccountConfig } from "../../config/account-config.ts";
import type { Courier } from "../../courier/courier.ts";
import { localeOf } from "../../courier/locale.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { withQuery } from "../../flows/shared/urls.ts";
import type { DeletionStore, PlannedDeletion } from "../../identity/deletions.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Jobs } from "../../jobs/engine.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/digest.ts";
import { randomToken } from "../../lib/ids.ts";
import { addressesToWrite } from "./addresses-to-write.ts";
import type { EraseAccount } from "./erase-account.ts";
import { deletionJob } from "./job.ts";

/** Where deletions are written. */
export interface DeletionStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly store: DeletionStore;
}

/** What asking for deletions, and calling them off, needs. */
export interface DeletionsDeps {
  readonly storage: DeletionStorage;
  readonly audit: AuditLog;
  readonly config: AccountConfig["deletion"];
  readonly courier: Courier;
  readonly jobs: Pick<Jobs, "enqueue" | "wake">;
  readonly erase: EraseAccount;
}

/** Who asks, and what else must hold. */
export interface Requester {
  readonly by: PlannedDeletion["requestedBy"];
  readonly call: Call;
  readonly sessionId?: string | undefined;
  /** Looks again, once nobody else can change the person. */
  readonly recheck?: (tx: Sql) => Promise<void>;
  /** For the event: who the operator is. */
  readonly detail?: { readonly operator?: string };
}

/** What became of a request. */
export type RequestedDeletion =
  | { readonly kind: "waits"; readonly deletion: PlannedDeletion }
  | { readonly kind: "erased" }
  | { readonly kind: "unknown" };

/** Asks for deletions of accounts, and calls them off (docs/deletion.md). */
export interface Deletions {
  find(identityId: string): Promise<PlannedDeletion | undefined>;
  request(identityId: string, requester: Requester): Promise<RequestedDeletion>;
  /** False: none waits, or there is no such person. */
  cancel(identityId: string, requester: Requester): Promise<boolean>;
  /** The same by the token of the mail. False: the token is of nothing that waits. */
  undo(token: string, call: Call): Promise<boolean>;
}

/** Creates it. */
export const createDeletions = (deps: DeletionsDeps): Deletions => {
  const {
    storage: { clock, db, identities, store },
    audit,
    config,
    courier,
    erase,
    jobs,
  } = deps;

  const write = async (
    tx: Sql,
    template: "account_deletion_requested" | "account_deletion_undone",
    identity: IdentityRecord,
    call: Call,
    token?: string,
  ): Promise<void> => {
    for (const { channel, recipient } of addressesToWrite(identity))
      await courier.queue(tx, {
        template,
        channel,
        recipient,
        locale: localeOf(call.headers),
        data:
          token === undefined
            ? {}
            : {
                url: withQuery(config.undo_url, { token }),
                expiresInMinutes: Math.max(1, Math.round(config.delay / 60_000)),
              },
        identity,
        requestUrl: call.url,
        expiresAt: new Date(clock.now().getTime() + Math.max(config.delay, 3_600_000)),
      });
  };

  const plan = async (
    tx: Sql,
    identity: IdentityRecord,
    { by, call, sessionId, detail = {} }: Requester,
  ): Promise<PlannedDeletion> => {
    const now = clock.now();
    const dueAt = new Date(now.getTime() + config.delay);
    const deletion: PlannedDeletion = { identityId: identity.id, requestedBy: by, requestedAt: now, dueAt };
    const token = randomToken(32);
    await store.insert(tx, deletion, sha256(token));
    await jobs.enqueue(tx, {
      kind: deletionJob,
      payload: { identity_id: identity.id },
      identityId: identity.id,
      delay: config.delay,
    });
    await write(tx, "account_deletion_requested", identity, call, token);
    const event = { type: "deletion.requested", outcome: "done", detail } as const;
    await audit.record(tx, { identityId: identity.id, sessionId, ...event }, call);
    return deletion;
  };

  const request: Deletions["request"] = async (identityId, requester) => {
    const requested = await db.transaction(async (tx): Promise<RequestedDeletion> => {
      await identities.lock(tx, identityId);
      const identity = await identities.find(tx, identityId);
      if (identity === undefined) return { kind: "unknown" };
      await requester.recheck?.(tx);
      if (config.delay === 0) {
        await erase(tx, identityId, { ...(requester.by === "operator" && requester) });
        return { kind: "erased" };
      }
      const waiting = await store.find(tx, identityId);
      return { kind: "waits", deletion: waiting ?? (await plan(tx, identity, requester)) };
    });
    if (requested.kind === "waits") courier.wake();
    return requested;
  };

  const cancel: Deletions["cancel"] = async (identityId, { call, sessionId, recheck, detail = {} }) => {
    const isCancelled = await db.transaction(async (tx) => {
      await identities.lock(tx, identityId);
      await recheck?.(tx);
      if (!(await store.remove(tx, identityId))) return false;
      const identity = await identities.find(tx, identityId);
      if (identity === undefined) return false;
      await write(tx, "account_deletion_undone", identity, call);
      const event = { type: "deletion.cancelled", outcome: "done", detail } as const;
      await audit.record(tx, { identityId, sessionId, ...event }, call);
      return true;
    });
    if (isCancelled) courier.wake();
    return isCancelled;
  };

  return {
    find: (identityId) => store.find(db, identityId),
    request,
    cancel,
    undo: async (token, call) => {
      const digest = sha256(token);
      const found = await store.findByUndo(db, digest);
      if (found === undefined) return false;
      const isSame = async (tx: Sql): Promise<void> => {
        if ((await store.findByUndo(tx, digest)) === undefined) throw new AnotherDeletion();
      };
      try {
        return await cancel(found.identityId, { by: "owner", call, recheck: isSame });
      } catch (thrown) {
        if (thrown instanceof AnotherDeletion) return false;
        throw thrown;
      }
    },
  };
};

/** Rolls back: the deletion that the token is of was called off, and may have been asked for anew. */
class AnotherDeletion extends Error {
  override readonly name = "AnotherDeletion";
}
