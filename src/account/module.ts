import { undoUrls } from "../flows/shared/undo-urls.ts";
import { createAddressService } from "./addresses/service.ts";
import { createWaitingAddresses } from "./addresses/waiting.ts";
import type { AccountDeps } from "./deps.ts";
import { createInvitationServices } from "./invitations/module.ts";
import { createMerging } from "./merge/module.ts";
import { createOwners } from "./owner/module.ts";
import { createSessionService } from "./sessions/service.ts";

/** Creates what owners do outside flows: who is signed in, where else, and ending it. */
export const createAccount = (deps: AccountDeps) => {
  const { config, flows, schemas, sessions, storage, trail } = deps;
  const { audit, courier } = trail;
  const { callers, store, tokenizer, trustedDevices } = sessions;
  const { exchange, logout, print, resendPending } = flows;
  const { feature_flags: flags, session } = config;
  const requiredAal = session.whoami.required_aal;
  const waiting = createWaitingAddresses({ storage, audit });
  const owners = createOwners(deps, waiting);
  return {
    services: [
      createAddressService({
        pending: { callers, requiredAal, waiting, lists: owners.lists, resendPending },
        undo: {
          storage,
          audit,
          schemas,
          courier,
          ends: {
            trustedDevices,
            revokeOthers: store.revokeOthers,
            cancelDeletion: owners.deletions.cancelOwners,
          },
          pages: undoUrls(config.selfservice.flows.settings.addresses.undo_ui_url),
        },
      }),
      createSessionService({
        storage,
        audit,
        sessions,
        schemas,
        requiredAal,
        answering: {
          tokenizer,
          print,
          cacheFor: flags.cacheable_sessions
            ? (flags.cacheable_sessions_max_age ?? Number.POSITIVE_INFINITY)
            : undefined,
        },
        logout,
        exchange,
      }),
      ...owners.services,
      ...createInvitationServices(deps),
      createMerging(deps),
    ],
    jobs: owners.jobs,
  };
};
