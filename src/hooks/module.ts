import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Jobs } from "../jobs/engine.ts";
import { createGiveBack } from "../jobs/unconfigured.ts";
import type { Clock } from "../lib/clock.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { ServerLog } from "../lib/log.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import type { OutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { createSendRequest } from "../lib/outbound/send-request.ts";
import type { Schemas } from "../schema/sources.ts";
import type { Cookies } from "../session/cookies.ts";
import type { SessionStore } from "../session/store.ts";
import { hooks } from "./index.ts";
import { createAccountChangeNotices } from "./notices/account-changes.ts";
import type { NoticeDeps } from "./notices/notify.ts";
import type { PreviousAddressesDeps } from "./notices/notify-previous.ts";
import { createOperatorNotices } from "./notices/operator-notices.ts";
import { createPreviousAddressNotices } from "./notices/previous-addresses.ts";
import { createReleaseJob, releaseLater } from "./notices/release.ts";
import type { VerificationHooks } from "./phases.ts";
import { createHookContexts } from "./web-hook/context.ts";
import { createEnqueue, createWebHookJob } from "./web-hook/job.ts";
import type { PreparedWebHooks } from "./web-hook/prepare.ts";
import { createRenderPerson, type PrintMessage } from "./web-hook/render-person.ts";

/** Bytes of the answer of a receiver. */
const ANSWER_LIMIT = 5 * 1024 * 1024;

/** Messages about changes, as `selfservice.notices` asks for them. */
const createImplicitNotices = (deps: PreviousAddressesDeps, { flows, notices }: Config["selfservice"]) => {
  const isListed = flows.settings.after.methods.profile?.hooks.some(({ hook }) => hook === "notify_previous_addresses");
  const changes = [createAccountChangeNotices(deps, notices)];
  const addresses = notices.address
    ? // Where the list tells of it, it does so as it is configured.
      [
        createPreviousAddressNotices(
          deps,
          "removed_and_verified",
          ({ method }) => isListed === true && method === "profile",
        ),
      ]
    : [];
  return [...changes, ...addresses];
};

/** What hooks stand on. */
export interface HooksDeps {
  readonly config: Pick<Config, "clients" | "feature_flags" | "selfservice" | "session">;
  readonly network: { readonly addressRules: AddressRules; readonly outboundFetch: OutboundFetch };
  readonly clock: Clock;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: ServerLog;
  readonly schemas: Schemas;
  readonly webHooks: PreparedWebHooks;
}

/** Creates the hooks, by their names in the configuration, and what delivers for them in the background. */
export const createHooks = (
  deps: HooksDeps,
  sessions: Pick<Cookies, "csrf"> & { readonly store: SessionStore },
  audit: AuditLog,
  print: PrintMessage,
  verification: () => VerificationHooks,
  notices: NoticeDeps & Pick<PreviousAddressesDeps, "identities" | "undos" | "undoUrl">,
) => {
  const { config, clock, db, jobs, log, network, schemas, webHooks } = deps;
  const { identities, undos } = notices;
  const { programs } = webHooks;
  const { header_allowlist: headerAllowlist, timeout } = config.clients.web_hook;
  const engine = createJsonnetEngine();
  const send = createSendRequest({
    fetch: network.outboundFetch,
    rules: network.addressRules,
    timeout,
    limit: ANSWER_LIMIT,
  });
  const own = new Set([config.session.cookie.name, sessions.csrf.cookieName]);
  const contexts = createHookContexts({
    headerAllowlist,
    isOwnCookie: (name) => own.has(name) || ownCookie.test(name),
    renderPerson: createRenderPerson({ clock, print, schemas }),
  });
  const enqueue = createEnqueue({ db, jobs });
  const schemaIds = new Set(schemas.list().map(({ id }) => id));
  const previousAddresses = {
    ...notices,
    releaseLater: releaseLater(jobs, clock, undos.lifespan),
  };
  return {
    factories: hooks({
      audit,
      sessions: sessions.store,
      verification,
      previousAddresses,
      showsEveryVerification: config.feature_flags.legacy_continue_with_verification_ui,
      webHook: {
        contexts,
        engine,
        hasSchema: (id) => schemaIds.has(id),
        programs,
        send,
        enqueue,
        wake: jobs.wake,
        log,
      },
    }),
    /** What follows changes of settings and sign-ins, whatever is configured for them. */
    implicit: createImplicitNotices(previousAddresses, config.selfservice),
    /** Sends messages about changes by operators, which run no flow. Undefined where `notices.address` is off. */
    operatorNotices: config.selfservice.notices.address ? createOperatorNotices(previousAddresses) : undefined,
    jobs: [
      createWebHookJob({ engine, programs, send, timeout, giveBack: createGiveBack({ clock, log }) }),
      createReleaseJob({ db, identities, clock }),
    ],
    close: () => engine.close(),
  };
};

/**
 * Cookies of the server by their names, also those of another configuration
 * that live on in a browser: session, anti-CSRF, continuity, known device.
 */
const ownCookie = /^(?:__Host-|__Secure-)?(?:ory_kratos_|ostiary_|csrf_token_)/i;
