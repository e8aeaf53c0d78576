import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import type { Courier } from "../courier/courier.ts";
import type { FlowDestinations } from "../flows/shared/deps.ts";
import { undoUrls } from "../flows/shared/undo-urls.ts";
import { createConflictRetry } from "../identity/conflict-retry.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Aead } from "../lib/aead.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import type { MessageLimit } from "../limits/message-limit.ts";
import type { Factors } from "../methods/contract/credential.ts";
import type { CredentialMerging } from "../methods/contract/merging.ts";
import type { Schemas } from "../schema/sources.ts";
import { createTokenizer } from "../session/tokenizer.ts";
import type { AddressStorage, PendingDeps } from "./addresses/deps.ts";
import { createAddressService } from "./addresses/service.ts";
import { createWaitingAddresses } from "./addresses/waiting.ts";
import { createInvitationServices, type InvitationsDeps } from "./invitations/module.ts";
import { createMerging } from "./merge/module.ts";
import { createOwners } from "./owner/module.ts";
import type { OwnedCredentials } from "./owner/owned-credentials.ts";
import type { OwnSessions, SessionDeps, WhoAmIAnswering } from "./sessions/deps.ts";
import { createSessionService } from "./sessions/service.ts";

/** What owners do outside flows stands on. */
export interface AccountDeps {
  readonly storage: AddressStorage;
  readonly core: AccountCore;
  readonly flows: AccountFlows;
  readonly sessions: Omit<OwnSessions, "callers">;
  readonly courier: Courier;
  readonly messages: MessageLimit;
  readonly methods: OwnerMethods;
}

/** The configuration, and what is made of it. */
interface AccountCore {
  readonly config: Pick<Config, "account" | "courier" | "feature_flags" | "secrets" | "selfservice" | "session">;
  readonly publicUrl: string;
  readonly aead: Aead;
  readonly audit: AuditLog;
  readonly schemas: Schemas;
  readonly jobs: Pick<Jobs, "enqueue" | "cancel">;
  readonly addressRules: AddressRules;
}

/** What flows have that is of use outside of them. */
interface AccountFlows {
  readonly callers: OwnSessions["callers"];
  readonly urls: FlowDestinations["urls"];
  readonly factors: Factors;
  readonly print: WhoAmIAnswering["print"];
  readonly logout: SessionDeps["logout"];
  readonly exchange: SessionDeps["exchange"];
  readonly resendPending: PendingDeps["resendPending"];
  readonly entering: InvitationsDeps["entering"];
}

/** What the methods say about what people have. */
interface OwnerMethods {
  readonly credentials: OwnedCredentials["kinds"];
  readonly oidc: { readonly links: OwnedCredentials["links"] };
  readonly mergings: readonly CredentialMerging[];
}

/** Creates what owners do outside flows: who is signed in, where else, and ending it. */
export const createAccount = ({ storage, core, flows, sessions: stored, courier, messages, methods }: AccountDeps) => {
  const { addressRules, audit, config, jobs, publicUrl, schemas } = core;
  const { factors, print, urls } = flows;
  const { clock } = storage;
  const { feature_flags: flags, session } = config;
  const requiredAal = session.whoami.required_aal;
  const { csrf, endings, sessionCookie, store, trustedDevices } = stored;
  const sessions: OwnSessions = { callers: flows.callers, csrf, endings, sessionCookie, store, trustedDevices };
  const engine = createJsonnetEngine();
  const tokenizer = createTokenizer({
    templates: session.whoami.tokenizer,
    issuer: publicUrl,
    clock,
    engine,
    fetch: createOutboundFetch(),
    addressRules,
  });
  const waiting = createWaitingAddresses({ storage, audit, findLive: store.findLive });
  const owners = createOwners({
    storage,
    log: { audit, courier, jobs, messages },
    config,
    schemas,
    sessions,
    privilege: { factors, urls },
    owned: { kinds: methods.credentials, links: methods.oidc.links, waiting },
    requiredAal,
  });
  const invitations = createInvitationServices({
    config,
    storage: { ...storage, audit, aead: core.aead },
    schemas,
    entering: flows.entering,
    courier,
    messages,
    kinds: methods.credentials,
  });
  return {
    services: [
      createAddressService({
        pending: {
          callers: flows.callers,
          requiredAal,
          waiting,
          lists: owners.lists,
          resendPending: flows.resendPending,
        },
        undo: {
          storage,
          audit,
          schemas,
          courier,
          conflictRetry: createConflictRetry(storage),
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
        logout: flows.logout,
        exchange: flows.exchange,
      }),
      ...owners.services,
      ...invitations.services,
      createMerging({
        config,
        storage: { ...storage, aead: core.aead },
        trail: { audit, courier, messages },
        schemas,
        sessions,
        urls,
        methods: { mergings: methods.mergings, factors },
      }),
    ],
    jobs: owners.jobs,
    close: () => engine.close(),
  };
};
