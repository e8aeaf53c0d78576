import type {
  CancelDeletionRequest,
  CancelDeletionResponse,
  GetDeletionRequest,
  GetDeletionResponse,
  RequestDeletionRequest,
  RequestDeletionResponse,
  UndoDeletionRequest,
  UndoDeletionResponse,
} from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import { mustStillBeLive } from "../../session/still-live.ts";
import { renderDeletion } from "../deletion/render.ts";
import type { OwnerDeps } from "./deps.ts";
import { createMustBePrivileged } from "./privileged.ts";

/** Owners delete their account, and keep it after all (docs/deletion.md). */
export const createDeletionRpcs = (deps: OwnerDeps) => {
  const {
    sessions: { callers, sessionCookie, store: sessions },
    privilege: { clock, config },
    deletions,
    requiredAal,
  } = deps;
  const { deletion: settings } = config.account;
  const mustBePrivileged = createMustBePrivileged(deps.privilege);

  /** Whatever ended the session meanwhile, it asks for nothing any more. @throws SESSION_INACTIVE */
  const recheckOf =
    ({ session }: Caller) =>
    (tx: Sql): Promise<void> =>
      mustStillBeLive(sessions, tx, session, clock.now());

  return {
    async getDeletion(_: GetDeletionRequest, call: Call): Promise<GetDeletionResponse> {
      const caller = await callers.mustBeAt(call, requiredAal);
      const found = await deletions.find(caller.identity.id);
      return {
        $typeName: "ostiary.account.v1.GetDeletionResponse",
        ...(found && { deletion: renderDeletion(found) }),
        delay: Math.round(settings.delay / 1000),
        enabled: settings.enabled,
      };
    },

    async requestDeletion(_: RequestDeletionRequest, call: Call): Promise<RequestDeletionResponse> {
      const caller = await mustBePrivileged(call);
      if (!settings.enabled)
        throw serviceError("FLOW_DISABLED", {
          explain: "The configuration does not let people delete their account. An operator can.",
        });
      const { identity, session } = caller;
      const recheck = recheckOf(caller);
      const requested = await deletions.request(identity.id, { by: "owner", call, sessionId: session.id, recheck });
      if (requested.kind === "unknown")
        throw serviceError("SESSION_INACTIVE", { explain: "The account was deleted at the same time." });
      if (requested.kind === "erased" && caller.credential.by === "cookie") sessionCookie.clear(call);
      return {
        $typeName: "ostiary.account.v1.RequestDeletionResponse",
        ...(requested.kind === "waits" && { deletion: renderDeletion(requested.deletion) }),
      };
    },

    async cancelDeletion(_: CancelDeletionRequest, call: Call): Promise<CancelDeletionResponse> {
      const caller = await callers.mustBeAt(call, requiredAal);
      const { identity, session } = caller;
      await deletions.cancel(identity.id, { by: "owner", call, sessionId: session.id, recheck: recheckOf(caller) });
      return { $typeName: "ostiary.account.v1.CancelDeletionResponse" };
    },

    async undoDeletion({ token }: UndoDeletionRequest, call: Call): Promise<UndoDeletionResponse> {
      if (!(await deletions.undo(token, call)))
        throw serviceError("NOT_FOUND", {
          explain: "The deletion that this token was issued for is not pending any more.",
        });
      return { $typeName: "ostiary.account.v1.UndoDeletionResponse" };
    },
  };
};
