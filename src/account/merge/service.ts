import type {
  BeginMergeRequest,
  BeginMergeResponse,
  ConfirmMergeRequest,
  GetMergeRequest,
  GetMergeResponse,
  OfferMergeRequest,
  OfferMergeResponse,
} from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { defineService } from "../../lib/service.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { Caller } from "../../session/caller.ts";
import { mustStillBeLive } from "../../session/still-live.ts";
import { createConfirm } from "./confirm.ts";
import type { MergeDeps } from "./deps.ts";
import { createExamine } from "./examine.ts";
import { nothingOffered, renderMerge } from "./render.ts";

/** Creates the MergeService: somebody who has two accounts makes one of them (docs/merge.md). */
export const createMergeService = (deps: MergeDeps) => {
  const { clock, db, identities, offers } = deps.storage;
  const { findLive, mustBePrivileged } = deps.sessions;
  const examine = createExamine(deps);
  const confirm = createConfirm(deps, examine);

  /** @throws FLOW_DISABLED, and what a session lacks */
  const mustMayMerge = async (call: Call): Promise<Caller> => {
    const caller = await mustBePrivileged(call);
    if (deps.config.enabled) return caller;
    throw serviceError("FLOW_DISABLED", { explain: "The configuration does not let people merge accounts." });
  };

  return defineService(MergeService, {
    beginMerge: {
      run: async (_: BeginMergeRequest, call: Call): Promise<BeginMergeResponse> => {
        const { session } = await mustMayMerge(call);
        const { code, expiresAt } = await db.transaction(async (tx) => {
          await identities.lockActive(tx, session.identityId);
          await mustStillBeLive(deps.sessions, tx, session, clock.now());
          return offers.begin(tx, session);
        });
        return { $typeName: "ostiary.account.v1.BeginMergeResponse", code, expiresAt: timestamp(expiresAt) };
      },
    },

    offerMerge: {
      run: async ({ code }: OfferMergeRequest, call: Call): Promise<OfferMergeResponse> => {
        const { session } = await mustMayMerge(call);
        const begun = await offers.findByCode(db, code);
        if (begun === undefined) throw invalidCode();
        if (begun.session.identityId === session.identityId)
          throw serviceError("INVALID_FIELD", {
            field: "code",
            explain: "This code is of the same account: sign in to the other one and submit it there.",
          });
        await db.transaction(async (tx) => {
          if (!(await identities.tryLockActive(tx, begun.session.identityId))) throw invalidCode();
          if (!(await findLive(tx, begun.session, clock.now()))) throw invalidCode();
          if (!(await offers.offer(tx, begun, session))) throw invalidCode();
        });
        const { expiresAt } = begun.record;
        return { $typeName: "ostiary.account.v1.OfferMergeResponse", expiresAt: timestamp(expiresAt) };
      },
    },

    getMerge: {
      run: async (_: GetMergeRequest, call: Call): Promise<GetMergeResponse> => {
        const { identity, session } = await mustMayMerge(call);
        const offered = await offers.find(db, session);
        const examined = offered && (await examine(db, offered, identity));
        if (offered === undefined || examined === undefined) throw nothingOffered();
        return { $typeName: "ostiary.account.v1.GetMergeResponse", merge: renderMerge(examined, offered) };
      },
    },

    confirmMerge: {
      run: async (request: ConfirmMergeRequest, call: Call) => confirm(request, await mustMayMerge(call), call),
    },
  });
};

const invalidCode = (): ServiceError =>
  serviceError("NOT_FOUND", {
    field: "code",
    explain: "This code is not valid: it was used, has expired, or is unknown.",
  });
