import type {
  GetAddressUndoRequest,
  GetAddressUndoResponse,
  UndoAddressChangeRequest,
  UndoAddressChangeResponse,
} from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import type { EventContent } from "../../audit/event-types.ts";
import { localeOf } from "../../courier/locale.ts";
import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { AddressUndo } from "../../identity/address-undos.ts";
import { apply } from "../../identity/apply.ts";
import { channelOf } from "../../identity/channel.ts";
import { ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import { type Attempted, inTransaction, type Try } from "../../identity/conflict-retry.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { endRestingOnCredentials } from "../../session/resting-on-credentials.ts";
import type { UndoDeps } from "./deps.ts";
import { restoreAddresses } from "./restore.ts";

/** Milliseconds for which the message that it was undone is useful. */
const NOTICE_MS = 7 * 86_400_000;
/** Nobody's session: all are others. */
const NO_SESSION = "00000000-0000-0000-0000-000000000000";

/** Undoing a change of an address: whoever had it takes it back with the link of the message that notified them. */
export const createUndoRpcs = (deps: UndoDeps) => {
  const {
    storage: { addressUndos, clock, conflictRetry, db, identities },
    audit,
    courier,
    schemas,
  } = deps;

  /** What a token undoes, and of whom. @throws NOT_FOUND */
  const mustFind = async (sql: Sql, token: string) => {
    const undo = await addressUndos.find(sql, token);
    const identity = undo && (await identities.find(sql, undo.identityId));
    if (undo === undefined || identity?.state !== "active" || has(identity, undo)) throw nothingToUndo();
    return { undo, identity };
  };

  const record = (tx: Sql, identityId: string, event: EventContent, call: Call): Promise<void> =>
    audit.record(tx, { identityId, sessionId: undefined, outcome: "done", ...event }, call);

  /** Whatever signs in, or will, apart from what a person knows or has; what is ended is recorded. */
  const endAll = async (tx: Sql, identityId: string, call: Call): Promise<void> => {
    const sessions = await deps.ends.revokeOthers(tx, identityId, NO_SESSION);
    const resting = { ...deps.storage, ...deps.ends };
    const untrusted = await endRestingOnCredentials(resting, tx, identityId, { by: "undo" });
    if (sessions > 0)
      await record(tx, identityId, { type: "session.ended", detail: { by: "undo", count: sessions } }, call);
    if (untrusted) await record(tx, identityId, untrusted, call);
  };

  /** To the restored address alone: the other addresses of the account may be an attacker's. */
  const notify = (tx: Sql, { address }: AddressUndo, identity: IdentityRecord, call: Call): Promise<void> =>
    courier.queue(tx, {
      template: "address_change_undone",
      channel: channelOf(address.via),
      recipient: address.value,
      locale: localeOf(call.headers),
      data: {},
      identity,
      requestUrl: deps.pages.undoUrl(""),
      expiresAt: new Date(clock.now().getTime() + NOTICE_MS),
      budget: { none: "each link undoes once" },
    });

  const attempt = async (token: string, call: Call, { sql }: Try): Promise<Attempted<AddressUndo>> => {
    const { undo, identity: before } = await mustFind(sql, token);
    const change = restoreAddresses(before, undo, schemas.must(before.schemaId));
    if (change === undefined) throw nothingToUndo();
    try {
      await inTransaction(sql, db, async (tx) => {
        const after = apply(before, change, { now: clock.now(), newId: uuid4 });
        if (!(await identities.update(tx, before, after))) throw new ConcurrentChangeError("the identity");
        if (!(await addressUndos.use(tx, undo, after.version))) throw nothingToUndo();
        await record(tx, before.id, { type: "address.change_undone", detail: { via: undo.address.via } }, call);
        await endAll(tx, before.id, call);
        await notify(tx, undo, after, call);
        await deps.ends.cancelDeletion(tx, after, call);
      });
    } catch (error) {
      if (error instanceof ConcurrentChangeError) return { ...concurrentChange, identityId: before.id };
      throw isDuplicate(error) ? nothingToUndo() : error;
    }
    return { kind: "done", render: async () => undo };
  };

  return {
    async getAddressUndo({ token }: GetAddressUndoRequest): Promise<GetAddressUndoResponse> {
      const { undo } = await mustFind(db, token);
      return {
        $typeName: "ostiary.address.v1.GetAddressUndoResponse",
        via: undo.address.via,
        value: undo.address.value,
        changedAt: timestamp(undo.createdAt),
        expiresAt: timestamp(undo.expiresAt),
      };
    },

    async undoAddressChange({ token }: UndoAddressChangeRequest, call: Call): Promise<UndoAddressChangeResponse> {
      const { address } = await conflictRetry.run((tried) => attempt(token, call, tried));
      courier.wake();
      return {
        $typeName: "ostiary.address.v1.UndoAddressChangeResponse",
        via: address.via,
        value: address.value,
        redirectBrowserTo: deps.pages.undoneUrl,
      };
    },
  };
};

/** Whether the account has the address again, so that there is nothing to undo. */
const has = ({ verifiable }: IdentityRecord, { address }: AddressUndo): boolean => hasAddress(verifiable, address);

const nothingToUndo = (): ServiceError =>
  serviceError("NOT_FOUND", {
    field: "token",
    explain: "The token of this link is not valid: it was used, has expired, or is unknown.",
  });
