import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Clock } from "../lib/clock.ts";
import { createJsonnetEngine } from "../lib/jsonnet/engine.ts";
import type { ServerLog } from "../lib/log.ts";
import type { AddressRules } from "../lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../lib/outbound/outbound-fetch.ts";
import { createSendRequest } from "../lib/outbound/send-request.ts";
import type { Schemas } from "../schema/sources.ts";
import type { Cookies } from "../session/cookies.ts";
import type { SessionStore } from "../session/store.ts";
import { hooks } from "./index.ts";
import type { VerificationHooks } from "./phases.ts";
import { createHookContexts } from "./web-hook/context.ts";
import { createEnqueue, createWebHookJob } from "./web-hook/job.ts";
import type { PreparedWebHooks } from "./web-hook/prepare.ts";
import { createRenderPerson, type PrintMessage } from "./web-hook/render-person.ts";

/** Bytes of the answer of a receiver. */
const ANSWER_LIMIT = 5 * 1024 * 1024;

/** What hooks stand on. */
export interface HooksDeps {
  readonly config: Pick<Config, "clients" | "feature_flags" | "session">;
  readonly addressRules: AddressRules;
  readonly clock: Clock;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: ServerLog;
  readonly schemas: Schemas;
  readonly webHooks: PreparedWebHooks;
}

/** Creates the hooks, by their names in the configuration, and what delivers for them in the background. */
export const createHooks = (
  { config, addressRules, clock, db, jobs, log, schemas, webHooks: { programs } }: HooksDeps,
  sessions: Pick<Cookies, "csrf"> & { readonly store: SessionStore },
  print: PrintMessage,
  verification: () => VerificationHooks,
) => {
  const { header_allowlist: headerAllowlist, timeout } = config.clients.web_hook;
  const engine = createJsonnetEngine();
  const send = createSendRequest({ fetch: createOutboundFetch(), rules: addressRules, timeout, limit: ANSWER_LIMIT });
  const own = new Set([config.session.cookie.name, sessions.csrf.cookieName]);
  const contexts = createHookContexts({
    headerAllowlist,
    isOwnCookie: (name) => own.has(name) || ownCookie.test(name),
    renderPerson: createRenderPerson({ clock, print, schemas }),
  });
  const enqueue = createEnqueue({ db, jobs });
  return {
    factories: hooks({
      sessions: sessions.store,
      verification,
      showsEveryVerification: config.feature_flags.legacy_continue_with_verification_ui,
      webHook: { contexts, engine, programs, send, enqueue, wake: jobs.wake, log },
    }),
    jobs: [createWebHookJob({ engine, programs, send })],
    close: () => engine.close(),
  };
};

/**
 * Cookies of the server by their names, also those of another configuration
 * that live on in a browser: session, anti-CSRF, continuity, known device.
 */
const ownCookie = /^(?:__Host-|__Secure-)?(?:ory_kratos_|ostiary_|csrf_token_)/i;
