import type { JsonObject } from "@bufbuild/protobuf";
import { createSessionService } from "./account/sessions/service.ts";
import { createAuditLog } from "./audit/audit-log.ts";
import { type PreparedApp, prepareApp } from "./cli/prepare-app.ts";
import { readVersion } from "./cli/version.ts";
import type { Config } from "./config/config.ts";
import { createContinuations } from "./continuation/continuation.ts";
import { createDatabase } from "./db/pool.ts";
import { createReadiness } from "./db/readiness.ts";
import type { Database } from "./db/sql.ts";
import { createCompleteAuthentication } from "./flows/authentication/complete.ts";
import { createPendingAccountLinks } from "./flows/authentication/pending-account-link.ts";
import { createErrorService } from "./flows/error/service.ts";
import { createFlowErrorStore } from "./flows/error/store.ts";
import { createRenderLogin } from "./flows/login/render.ts";
import { createLoginService } from "./flows/login/service.ts";
import { createSignInSteps } from "./flows/login/sign-in-steps.ts";
import { createUpdate as createLoginUpdate } from "./flows/login/update.ts";
import { createLogout } from "./flows/logout/logout.ts";
import { createExchange } from "./flows/redirect/exchange.ts";
import { createRedirects } from "./flows/redirect/redirects.ts";
import { createCallbackService } from "./flows/redirect/service.ts";
import { createRenderRegistration } from "./flows/registration/render.ts";
import { createRegistrationService } from "./flows/registration/service.ts";
import { createSignUpSteps } from "./flows/registration/sign-up-steps.ts";
import { createUpdate as createRegistrationUpdate } from "./flows/registration/update.ts";
import { createCallback as createSettingsCallback } from "./flows/settings/callback.ts";
import { createRenderSettings } from "./flows/settings/render.ts";
import { createSettingsService } from "./flows/settings/service.ts";
import { createSettingsStore } from "./flows/settings/store.ts";
import { createConflictRetry } from "./flows/shared/conflict-retry.ts";
import type { FlowKind } from "./flows/shared/flow.ts";
import { createReturnTo } from "./flows/shared/return-to.ts";
import { createFlowStore } from "./flows/shared/store.ts";
import { createFlowUrls } from "./flows/shared/urls.ts";
import { hooks as allHooks } from "./hooks/index.ts";
import { createHookRunner } from "./hooks/runner.ts";
import type { IdentityRecord } from "./identity/identity.ts";
import { createIdentityStore } from "./identity/store.ts";
import { createJobs } from "./jobs/engine.ts";
import { createPurge } from "./jobs/purge.ts";
import { createAead } from "./lib/aead.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { createHasher } from "./lib/hashing/hasher.ts";
import { createKeyring } from "./lib/keyring.ts";
import { createLog, type ServerLog } from "./lib/log.ts";
import { createAllowedUrls } from "./lib/url.ts";
import { createFailureFloor, type Wait } from "./limits/failure-floor.ts";
import { networkOf } from "./limits/network.ts";
import { createPacedByNetwork } from "./limits/paced.ts";
import { createRateLimiter } from "./limits/rate-limiter.ts";
import { createRegistrationLimit } from "./limits/registrations.ts";
import { countFirstFactors, secondFactors } from "./methods/contract/credential.ts";
import type { CallbackHandler } from "./methods/contract/redirect.ts";
import { createMethods } from "./methods/index.ts";
import { createPasswords } from "./methods/password/passwords.ts";
import { createPasswordPolicy } from "./methods/password/policy.ts";
import { createSchemaService } from "./schema/service.ts";
import { observeHashing } from "./server/hashing-metrics.ts";
import { createListeners } from "./server/listeners.ts";
import { createMetrics } from "./server/metrics.ts";
import { createAalRules } from "./session/aal.ts";
import { createCallers } from "./session/caller.ts";
import { createCookies } from "./session/cookies.ts";
import { createSessionEndings } from "./session/endings.ts";
import { createSessionIssuer } from "./session/issue.ts";
import { createSessionStore } from "./session/store.ts";
import { createLogoutTokens } from "./session/tokens.ts";

/** A server, ready to listen. */
export interface App {
  /** Opens both ports; gives their base URLs as they are reached. */
  listen(): Promise<{ readonly public: string; readonly admin: string }>;
  /** Lets calls in flight finish, then frees everything. */
  close(): Promise<void>;
}

/** What a test may put in the place of the real thing: time, where the log goes, and how failed sign-ins are held back. */
export interface AppOverrides {
  readonly clock?: Clock;
  readonly log?: ServerLog;
  /** Of `prepareApp`; left out, it is done now. */
  readonly prepared?: PreparedApp;
  /** Wraps the database, to hold what is written for a moment. */
  readonly wrapDatabase?: (db: Database) => Database;
  readonly wait?: Wait;
}

/**
 * The composition root: everything is created here, once, top to bottom. Read
 * it to see what depends on what.
 */
export const createApp = async (
  config: Config,
  { clock = systemClock, log = createLog(config.log), wrapDatabase = (db) => db, prepared, wait }: AppOverrides = {},
): Promise<App> => {
  if (config.dsn === undefined) throw new Error("createApp needs a dsn");
  const { selfservice, serve, secrets } = config;
  const { addressRules, schemas } = prepared ?? (await prepareApp(config));
  const publicUrl = serve.public.base_url.replace(/\/+$/, "");
  const metrics = createMetrics();

  // What it stands on
  const db = wrapDatabase(createDatabase({ dsn: config.dsn, poolSize: config.database.pool_size, log }));
  const aead = createAead({
    algorithm: config.ciphers.algorithm === "noop" ? "aes" : config.ciphers.algorithm,
    keys: secrets.cipher,
  });
  const hasher = createHasher(config.hashers, { log });
  observeHashing(metrics.registry, { stats: hasher.stats, floorMs: () => floor.milliseconds });

  // Aggregates
  const audit = createAuditLog({ clock });
  const identities = createIdentityStore();
  const flows = createFlowStore();
  const continuations = createContinuations({ aead: aead, clock });
  const pendingAccountLinks = createPendingAccountLinks(aead);
  const flowErrors = createFlowErrorStore();
  const sessions = createSessionStore(db);
  const attempts = createRateLimiter({ db, clock, config: config.limits.login, key: secrets.default[0] ?? "" });
  const [newFlows, newFlowErrors] = [
    createPacedByNetwork(config.limits.flows, clock),
    createPacedByNetwork(config.limits.flows, clock),
  ];

  const registrationLimit = createRegistrationLimit({
    db,
    clock,
    config: config.limits.registration,
    key: secrets.default[0] ?? "",
  });
  const floor = createFailureFloor({ longest: config.limits.login.longest_wait, wait });

  // Cookies
  const keyring = createKeyring(secrets.cookie);
  const { csrf, sessionCookie, continuityCookie, devices } = createCookies({ config, keyring, sessions, clock });

  // Methods
  const passwords = createPasswords({
    policy: createPasswordPolicy({
      config: selfservice.methods.password.config,
      hashers: config.hashers,
      hasher,
      log,
      addressRules,
    }),
    hasher,
    log,
  });
  const methods = createMethods({
    config: selfservice.methods,
    db,
    identities,
    passwords,
    attempts,
    devices,
    floor,
    registrationLimit,
    oidc: {
      clock,
      log,
      aead,
      addressRules,
      seal: keyring.seal("nonce of an ID token"),
      publicUrl,
      loginPage: selfservice.flows.login.ui_url,
      loginHints: selfservice.flows.registration.login_hints,
    },
  });
  const firstFactors = (identity: IdentityRecord) =>
    countFirstFactors(methods.credentials, identity).map(({ type }) => type);

  // Sessions
  const issuer = createSessionIssuer({
    store: sessions,
    clock,
    lifespan: config.session.lifespan,
    secret: secrets.default[0] ?? "",
  });
  const urls = createFlowUrls(serve.public.base_url, {
    settings: selfservice.flows.settings.ui_url,
    login: selfservice.flows.login.ui_url,
    registration: selfservice.flows.registration.ui_url,
  });
  const callers = createCallers({
    store: sessions,
    cookie: sessionCookie,
    clock,
    aal: createAalRules({
      secondFactors: (identity) => secondFactors(methods.credentials, identity),
      loginUrl: (type, query) => urls.init("login", type, query),
    }),
  });
  const defaultReturnUrl = selfservice.default_browser_return_url;
  const returnTo = createReturnTo(
    createAllowedUrls({
      allowed: selfservice.allowed_return_urls,
      publicUrl: serve.public.base_url,
      defaultUrl: defaultReturnUrl,
    }),
  );

  // Flows
  const hooks = allHooks({ sessions });
  const redirect = createRedirects({ db, clock, continuations, cookie: continuityCookie });
  const shared = {
    db,
    clock,
    callers,
    csrf,
    sessionCookie,
    devices,
    flows,
    identities,
    schemas,
    returnTo,
    urls,
    defaultReturnUrl,
    redirect,
    audit,
  };
  const settingsDeps = {
    ...shared,
    config: selfservice.flows.settings,
    reads: createSettingsStore(db),
    conflictRetry: createConflictRetry({ db, identities }),
    sessions: issuer,
    continuations,
    methods: methods.settings,
    hooks: createHookRunner(selfservice.flows.settings.after, hooks),
    render: createRenderSettings({ methods: methods.settings, schemas, urls }),
    firstFactors,
  };
  const loginDeps = {
    ...shared,
    newFlows,
    config: selfservice.flows.login,
    sessions: issuer,
    pendingAccountLinks,
    methods: methods.login,
    hooks: createHookRunner(selfservice.flows.login.after, hooks),
    render: createRenderLogin({ methods: methods.login, schemas, urls }),
  };
  const registrationDeps = {
    ...shared,
    newFlows,
    config: selfservice.flows.registration,
    limit: registrationLimit,
    sessions: issuer,
    methods: methods.registration,
    hooks: createHookRunner(selfservice.flows.registration.after, hooks),
    render: createRenderRegistration({
      methods: methods.registration,
      schemas,
      style: selfservice.flows.registration.style,
      urls,
    }),
  };

  // Either of the two may turn out to be the other
  const signInSteps = createSignInSteps(loginDeps);
  const signUpSteps = createSignUpSteps(registrationDeps);
  const completeAuthentication = createCompleteAuthentication({ login: signInSteps, registration: signUpSteps });
  const settingsCallback = createSettingsCallback(settingsDeps);
  const login = createLoginUpdate({ ...loginDeps, signInSteps, completeAuthentication });
  const registration = createRegistrationUpdate({ ...registrationDeps, signUpSteps, completeAuthentication });
  const callbackDeps = {
    ...shared,
    continuations,
    publicUrl,
    completeRedirect: {
      settings: settingsCallback.completeRedirect,
      login: login.completeRedirect,
      registration: registration.completeRedirect,
    },
    callbackHandler: (kind: FlowKind, method: string) => callbackHandlerOf(methods[kind], method),
    createNonce: methods.oidc.createNonce,
  };

  const sessionEndings = createSessionEndings({ db, clock, identities, sessions });
  const services = [
    createSettingsService(settingsDeps, settingsCallback),
    createLoginService(loginDeps, login),
    createRegistrationService(registrationDeps, registration),
    createCallbackService(callbackDeps),
    createSessionService({
      ...shared,
      sessions,
      sessionEndings,
      logout: createLogout({
        ...shared,
        sessionEndings,
        logoutTokens: createLogoutTokens(secrets.cookie),
        urls: {
          public: publicUrl,
          afterLogout: selfservice.flows.logout.after.default_browser_return_url ?? defaultReturnUrl,
        },
      }),
      requiredAal: config.session.whoami.required_aal,
      exchange: createExchange(callbackDeps),
    }),
    createErrorService({ db, clock, csrf, errors: flowErrors }),
    createSchemaService({ schemas, csrf }),
  ];

  // Listeners
  const readiness = createReadiness({ dsn: config.dsn });
  const protocols = createListeners({
    config,
    log,
    metrics,
    services,
    hasSessionToken: callers.hasToken,
    networkOf,
    hasLiveSession: async (call) => (await callers.find(call)) !== undefined,
    storeError: async (error, address) =>
      newFlowErrors.take(address) > 0 ? undefined : flowErrors.insert(db, { ...error } as JsonObject, clock.now()),
    ready: () => readiness.problems,
    version: readVersion(),
  });

  const { cleanup } = config.database;
  const jobs = createJobs({ db, clock, aead, log });
  const purge = createPurge({
    db,
    clock,
    batchSize: cleanup.batch_size,
    interval: cleanup.interval,
    tasks: [
      ...["continuations", "flows", "flow_errors", "attempts", "oidc_nonces", "sessions"].map((table) => ({
        table,
        expires: "expires_at",
        // What waits holds what nobody should keep: it is gone once it is over, whatever else stays longer.
        retention: table === "continuations" ? 0 : cleanup.older_than,
      })),
      { table: "security_events", expires: "id", kind: "uuid7", retention: cleanup.security_events_older_than },
    ],
    log,
  });

  return {
    listen: async () => {
      jobs.start([purge]);
      await readiness.start();
      const opened = await protocols.listen();
      methods.oidc
        .check()
        .catch((error: unknown) => log.error({ err: error }, "sign-in providers could not be checked"));
      return opened;
    },
    close: async () => {
      await protocols.close();
      await jobs.stop();
      await methods.oidc.close();
      await hasher.close();
      await readiness.stop();
      await db.close();
      log.flush();
    },
  };
};

/** What reads answers from elsewhere for a method, if it is there and has any. */
const callbackHandlerOf = (
  methods: Readonly<Record<string, { readonly enabled: boolean; readonly redirect?: CallbackHandler }>>,
  name: string,
): CallbackHandler | undefined => (methods[name]?.enabled ? methods[name].redirect : undefined);
