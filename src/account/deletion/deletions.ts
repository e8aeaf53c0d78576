import type { AuditLog } from "../../audit/audit-log.ts";
import type { AccountConfig } from "../../config/account-config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { withQuery } from "../../flows/shared/urls.ts";
import type { DeletionStore, PlannedDeletion } from "../../identity/deletions.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { recipientsOfAccount } from "../../identity/recipients.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Jobs } from "../../jobs/engine.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/digest.ts";
import { randomToken } from "../../lib/ids.ts";
import { wholeMinutes } from "../../lib/minutes.ts";
import type { MessageLimit } from "../../limits/message-limit.ts";
import { createOwnerMessages } from "../owner-messages.ts";
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
  readonly jobs: Pick<Jobs, "enqueue" | "cancel">;
  readonly messages: MessageLimit;
  readonly erase: EraseAccount;
}

/** Who asks, and what else must hold. */
export interface Requester {
  readonly by: PlannedDeletion["requestedBy"];
  readonly call: Call;
  readonly sessionId?: string | undefined;
  /** Checks again, with the person locked. */
  readonly recheck?: (tx: Sql) => Promise<void>;
  /** For the event: who the operator is. */
  readonly detail?: { readonly operator?: string };
}

/** What became of a request. */
export type RequestedDeletion =
  | { readonly kind: "waits"; readonly deletion: PlannedDeletion }
  | { readonly kind: "erased" }
  | { readonly kind: "unknown" };

/** Requests deletions of accounts, and cancels them (docs/deletion.md). */
export interface Deletions {
  find(identityId: string): Promise<PlannedDeletion | undefined>;
  /** @throws RATE_LIMITED too many messages were caused before: its owner would not be notified */
  request(identityId: string, requester: Requester): Promise<RequestedDeletion>;
  /** False: none is pending, or there is no such person. */
  cancel(identityId: string, requester: Requester): Promise<boolean>;
  /** Cancels a deletion that the owner requested, in the transaction that ends their sessions as an attacker's. */
  cancelOwners(tx: Sql, identity: IdentityRecord, call: Call): Promise<void>;
  /** Cancels by the token of the message. False: its deletion is not pending. */
  undo(token: string, call: Call): Promise<boolean>;
}

/** Creates the `Deletions`. */
export const createDeletions = (deps: DeletionsDeps): Deletions => {
  const {
    storage: { clock, db, identities, store },
    audit,
    config,
    courier,
    erase,
    jobs,
    messages,
  } = deps;
  const owners = createOwnerMessages(
    { clock, courier, messages },
    { purpose: "deletion", tooMany: "Too many messages were sent to addresses of this account. Try again later." },
  );

  /** Queues a message to each recipient within its limit; returns the recipients of those that are queued. */
  const write = (
    tx: Sql,
    template: "account_deletion_requested" | "account_deletion_undone",
    identity: IdentityRecord,
    call: Call,
    token?: string,
  ): Promise<ReadonlySet<string>> =>
    owners.queue(tx, recipientsOfAccount(identity), {
      template,
      data:
        token === undefined
          ? {}
          : { url: withQuery(config.undo_url, { token }), expiresInMinutes: wholeMinutes(config.delay) },
      identity,
      call,
      lifespan: Math.max(config.delay, 3_600_000),
    });

  /**
   * Counts the messages of a request that is not an operator's; of one that changes nothing there are none.
   *
   * @throws RATE_LIMITED
   */
  const countRequest = async (identityId: string, { by, call }: Requester): Promise<void> => {
    if (by === "operator" || config.delay === 0 || (await store.find(db, identityId))) return;
    const identity = await identities.find(db, identityId);
    if (identity) await owners.count(call, identityId, recipientsOfAccount(identity).length);
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
    // A sign-in that called another one off has left its job.
    await jobs.cancel(tx, deletionJob, identity.id);
    await jobs.enqueue(tx, {
      kind: deletionJob,
      payload: { identity_id: identity.id },
      identityId: identity.id,
      delay: config.delay,
    });
    const reached = await write(tx, "account_deletion_requested", identity, call, token);
    // No deletion without a message to its owner.
    if (by === "owner") await owners.mustReach(tx, identity, reached);
    const event = { type: "deletion.requested", outcome: "done", detail } as const;
    await audit.record(tx, { identityId: identity.id, sessionId, ...event }, call);
    return deletion;
  };

  const request: Deletions["request"] = async (identityId, requester) => {
    await countRequest(identityId, requester);
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

  /** Cancels the pending deletion and notifies its owner. False: none is pending. */
  const remove = async (
    tx: Sql,
    identity: IdentityRecord,
    { call, sessionId, detail = {} }: Pick<Requester, "call" | "sessionId" | "detail">,
  ): Promise<boolean> => {
    const { id: identityId } = identity;
    if (!(await store.remove(tx, identityId))) return false;
    await jobs.cancel(tx, deletionJob, identityId);
    await write(tx, "account_deletion_undone", identity, call);
    const event = { type: "deletion.cancelled", outcome: "done", detail } as const;
    await audit.record(tx, { identityId, sessionId, ...event }, call);
    return true;
  };

  const cancel: Deletions["cancel"] = async (identityId, requester) => {
    const isCancelled = await db.transaction(async (tx) => {
      await identities.lock(tx, identityId);
      await requester.recheck?.(tx);
      const identity = await identities.find(tx, identityId);
      return identity !== undefined && remove(tx, identity, requester);
    });
    if (isCancelled) courier.wake();
    return isCancelled;
  };

  return {
    find: (identityId) => store.find(db, identityId),
    request,
    cancel,
    cancelOwners: async (tx, identity, call) => {
      const waiting = await store.find(tx, identity.id);
      if (waiting?.requestedBy === "owner") await remove(tx, identity, { call });
    },
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
