import type {
  ManageSessionsRequest,
  ManageSessionsResponse,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { mustBeReadable } from "../../errors/must-be-readable.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { parseUuid } from "../../lib/ids.ts";
import { someAtOnce } from "../../lib/some-at-once.ts";
import type { SessionKey } from "../../session/store.ts";
import type { SessionAdminDeps } from "./deps.ts";
import { endedByOperator } from "./ended-by-operator.ts";

/** How many sessions one call ends at most when all are meant. */
const BATCH = 5_000;
/** How many people are done at once: each is a transaction of its own. */
const AT_ONCE = 8;

type Action = "disable" | "delete";

/** A person, and which sessions of theirs. */
type Target = readonly [identityId: string, ids: readonly string[] | "all"];

/** Disables or deletes many sessions. */
export const createManage = ({ storage: { db, directory, identities }, audit }: SessionAdminDeps) => {
  /** Ends sessions of one person, some or all; returns how many. */
  const endOf = (action: Action, [identityId, ids]: Target, call: Call): Promise<number> =>
    db.transaction(async (tx) => {
      await identities.lock(tx, identityId);
      const count = await write(tx, action, [identityId, ids]);
      if (count > 0) await audit.record(tx, endedByOperator(identityId, count, call), call);
      return count;
    });

  const write = async (tx: Sql, action: Action, [identityId, ids]: Target): Promise<number> => {
    if (ids === "all")
      return action === "disable" ? directory.disableAll(tx, identityId) : directory.deleteAll(tx, identityId);
    return action === "disable"
      ? directory.disableSome(tx, identityId, ids)
      : directory.deleteSome(tx, identityId, ids);
  };

  const endAll = async (action: Action, targets: readonly Target[], call: Call): Promise<number> => {
    const ended = await someAtOnce(targets, { atOnce: AT_ONCE, signal: call.signal }, (target) =>
      endOf(action, target, call),
    );
    return ended.reduce((sum, count) => sum + count, 0);
  };

  const endKeys = (action: Action, keys: readonly SessionKey[], call: Call): Promise<number> => {
    const byPerson = Map.groupBy(keys, ({ identityId }) => identityId);
    return endAll(
      action,
      [...byPerson].map(([identityId, theirs]): Target => [identityId, theirs.map(({ id }) => id)]),
      call,
    );
  };

  return async (request: ManageSessionsRequest, call: Call): Promise<ManageSessionsResponse> => {
    mustBeReadable(call);
    const { action, targets } = mustBeClear(request);
    if (targets.kind === "all") {
      const keys = await directory.someKeys(db, BATCH, action === "disable");
      const processed = await endKeys(action, keys, call);
      return answer(processed, keys.length === BATCH);
    }
    if (targets.kind === "sessions")
      return answer(await endKeys(action, await directory.keysOf(db, targets.ids), call), false);
    return answer(
      await endAll(
        action,
        targets.ids.map((id): Target => [id, "all"]),
        call,
      ),
      false,
    );
  };
};

const answer = (processed: number, more: boolean): ManageSessionsResponse => ({
  $typeName: "ostiary.session.v1.ManageSessionsResponse",
  processed,
  more,
});

type Targets = { readonly kind: "all" } | { readonly kind: "sessions" | "identities"; readonly ids: readonly string[] };

/** @throws INVALID_FIELD */
const mustBeClear = ({ action, identities, sessions }: ManageSessionsRequest) => {
  if (action !== "disable" && action !== "delete") throw wrong("action", "it is disable or delete");
  if (identities.length > 0 === sessions.length > 0)
    throw wrong("identities", "either identities or sessions must be named");
  return { action, targets: targetsOf(identities, sessions) } as const;
};

const targetsOf = (identities: readonly string[], sessions: readonly string[]): Targets => {
  if (identities.length === 1 && identities[0] === "*") return { kind: "all" };
  const kind = identities.length > 0 ? "identities" : "sessions";
  const ids = [...new Set([...identities, ...sessions].map((id) => id.toLowerCase()))];
  if (ids.some((id) => parseUuid(id) === undefined)) throw wrong(kind, "one of them is no UUID");
  return { kind, ids };
};

const wrong = (field: string, why: string): ServiceError =>
  serviceError("INVALID_FIELD", { field, explain: `${field}: ${why}.` });
