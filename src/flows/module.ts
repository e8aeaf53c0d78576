import type { Guards } from "../challenge/module.ts";
import { createContinuations } from "../continuation/continuation.ts";
import type { Core } from "../core.ts";
import type { Courier } from "../courier/courier.ts";
import { createHooks } from "../hooks/module.ts";
import type { Hook } from "../hooks/phases.ts";
import { createHookRunner } from "../hooks/runner.ts";
import { createAllowedUrls } from "../lib/url.ts";
import { createFactors } from "../methods/contract/credential.ts";
import type { CallbackHandler } from "../methods/contract/redirect.ts";
import type { SettingsMethod } from "../methods/contract/settings.ts";
import type { Methods } from "../methods/module.ts";
import { createAalRules } from "../session/aal.ts";
import { createCallers } from "../session/caller.ts";
import type { createSessions } from "../session/module.ts";
import { createSecondFactorPolicy } from "../session/second-factor-policy.ts";
import { createAddressFlows, createVerificationHooks } from "./address-flows.ts";
import { createCompleteAuthentication } from "./authentication/complete.ts";
import { createPendingAccountLinks } from "./authentication/pending-account-link.ts";
import type { LoginDeps } from "./login/deps.ts";
import { createLoginService } from "./login/service.ts";
import { createSignInSteps } from "./login/sign-in-steps.ts";
import { undoDeletion } from "./login/undo-deletion.ts";
import { createUpdate as createLoginUpdate } from "./login/update.ts";
import { createLogout } from "./logout/logout.ts";
import type { CallbackDeps } from "./redirect/deps.ts";
import { createExchange } from "./redirect/exchange.ts";
import { createRedirects } from "./redirect/redirects.ts";
import { createCallbackService } from "./redirect/service.ts";
import type { RegistrationDeps } from "./registration/deps.ts";
import { createRegistrationService } from "./registration/service.ts";
import { createSignUpSteps } from "./registration/sign-up-steps.ts";
import { createUpdate as createRegistrationUpdate } from "./registration/update.ts";
import { createFlowRenders } from "./renders.ts";
import { createCallback as createSettingsCallback } from "./settings/callback.ts";
import type { SettingsDeps } from "./settings/deps.ts";
import { createSettingsService } from "./settings/service.ts";
import { createSettingsStore } from "./settings/store.ts";
import type { FlowDeps } from "./shared/deps.ts";
import type { FlowKind, RedirectKind } from "./shared/flow.ts";
import { createReturnTo } from "./shared/return-to.ts";
import { createSealedContext } from "./shared/sealed-context.ts";
import { createFlowStore } from "./shared/store.ts";
import { undoUrls } from "./shared/undo-urls.ts";
import { createFlowUrls } from "./shared/urls.ts";

/** Creates what all flows share, the flows themselves, and the way back from other sites into them. */
export const createFlows = (
  core: Core,
  sessions: ReturnType<typeof createSessions>,
  limits: Guards,
  methods: Methods,
  courier: Courier,
) => {
  const { aead, clock, config, db, identities, publicUrl, schemas } = core;
  const { database, selfservice, serve } = config;
  const { csrf, devices, sessionCookie, issuer } = sessions;
  const { settings, login, registration, verification, recovery, logout } = selfservice.flows;

  // What they share
  const factors = createFactors(methods.credentials);
  const urls = createFlowUrls(serve.public.base_url, {
    settings: settings.ui_url,
    login: login.ui_url,
    registration: registration.ui_url,
    verification: verification.ui_url,
    recovery: recovery.ui_url,
  });
  const secondFactorMethods = Object.values<SettingsMethod>(
    methods.settings as Readonly<Record<string, SettingsMethod>>,
  ).filter(({ enabled, isSecondFactor }) => enabled && isSecondFactor);
  const aal = createAalRules({
    secondFactors: factors.second,
    secondFactorDue: createSecondFactorPolicy(config.identity.schemas),
    enrolMethods: secondFactorMethods.map(({ name }) => name),
    flowUrl: urls.init,
    clock,
  });
  const callers = createCallers({ store: sessions.store, cookie: sessionCookie, clock, aal });
  const defaultReturnUrl = selfservice.default_browser_return_url;
  // Whoever steps up for a settings form comes back to its page.
  const allowed = [...selfservice.allowed_return_urls, settings.ui_url];
  const sealedContext = createSealedContext(aead);
  const continuations = createContinuations({ aead, clock });
  const returnTo = createReturnTo(
    createAllowedUrls({ allowed, publicUrl: serve.public.base_url, defaultUrl: defaultReturnUrl }),
  );
  const destinations = { returnTo, urls, defaultReturnUrl };
  const takesPhoneNumbers = config.courier.sms !== undefined;
  const { render, print, hookFlow } = createFlowRenders({
    core,
    methods,
    destinations,
    sealedContext,
    takesPhoneNumbers,
    trustsDevices: sessions.trustedDevices.enabled,
    mustEnrol: (signedIn) => aal.enrolment(signedIn) !== undefined,
  });
  const hooks = createHooks({ ...core, network: core }, sessions, core.audit, print, () => verificationHooks, {
    courier,
    clock,
    messages: limits.messages,
    takesPhoneNumbers,
    identities,
    undos: core.addressUndos,
    ...undoUrls(settings.addresses.undo_ui_url),
  });
  const runnerOf = (flow: FlowKind, implicit: readonly Hook[] = []) =>
    createHookRunner({ flow, ...selfservice.flows[flow], implicit }, hooks.factories);
  const shared: FlowDeps = {
    storage: {
      db,
      clock,
      flows: createFlowStore(),
      newFlows: limits.newFlows,
      identities,
      pendingAddresses: core.pendingAddresses,
      addressUndos: core.addressUndos,
      continuations,
    },
    trail: { audit: core.audit, refusals: core.refusals },
    sessions: { callers, csrf, sessionCookie, issuer, devices, trustedDevices: sessions.trustedDevices },
    destinations,
    forms: { schemas, sealedContext, hookFlow },
  };
  const redirect = createRedirects({ db, clock, continuations, cookie: sessions.continuityCookie });

  const addressDeps = { core, sessions, limits, methods, courier, shared };
  const verificationHooks = createVerificationHooks(addressDeps, takesPhoneNumbers);

  // The flows
  const answerTime = limits.challenges;
  const settingsDeps: SettingsDeps = {
    ...shared,
    settings: {
      config: settings,
      reads: createSettingsStore(db),
      conflictRetry: core.conflictRetry,
      methods: methods.settings,
      hooks: runnerOf("settings", [...verificationHooks.hooks, ...hooks.implicit]),
      redirect,
      render: render.settings,
      factors,
    },
  };
  const loginDeps: LoginDeps = {
    ...shared,
    login: {
      config: login,
      requiredAal: config.session.whoami.required_aal,
      pendingAccountLinks: createPendingAccountLinks(sealedContext),
      methods: methods.login,
      hooks: runnerOf("login", [
        ...hooks.implicit,
        ...(config.account.deletion.undone_by_sign_in ? [undoDeletion(core)] : []),
      ]),
      redirect,
      render: render.login,
    },
  };
  const registrationDeps: RegistrationDeps = {
    ...shared,
    registration: {
      config: registration,
      limit: limits.registrations,
      methods: methods.registration,
      answerTime,
      hooks: runnerOf("registration", verificationHooks.hooks),
      redirect,
      render: render.registration,
    },
  };

  const addressFlows = createAddressFlows(
    {
      ...addressDeps,
      hooks: {
        verification: runnerOf("verification"),
        recovery: runnerOf("recovery"),
        settings: settingsDeps.settings.hooks,
      },
      render,
    },
    takesPhoneNumbers,
  );

  // A sign-in may turn out to be a sign-up, and the reverse.
  const signInSteps = createSignInSteps(loginDeps);
  const signUpSteps = createSignUpSteps(registrationDeps);
  const completeAuthentication = createCompleteAuthentication({
    refusals: core.refusals,
    login: signInSteps,
    registration: signUpSteps,
  });
  const settingsCallback = createSettingsCallback(settingsDeps);
  const loginUpdate = createLoginUpdate({ ...loginDeps, ends: { signInSteps, completeAuthentication, answerTime } });
  const registrationUpdate = createRegistrationUpdate({
    ...registrationDeps,
    ends: { signUpSteps, completeAuthentication },
  });
  const callbackDeps: CallbackDeps = {
    ...shared,
    redirect,
    publicUrl,
    completeRedirect: {
      settings: settingsCallback.completeRedirect,
      login: loginUpdate.completeRedirect,
      registration: registrationUpdate.completeRedirect,
    },
    callbackHandler: (kind: RedirectKind, method: string) => callbackHandlerOf(methods[kind], method),
    createNonce: methods.oidc.createNonce,
  };

  const afterLogout = logout.after.default_browser_return_url ?? defaultReturnUrl;
  const { older_than: retention } = database.cleanup;
  return {
    callers,
    factors,
    urls,
    settingsSignIn: { ...shared, settings: addressFlows.settings },
    resendPending: verificationHooks.resendPending,
    print,
    operatorNotices: hooks.operatorNotices,
    exchange: createExchange(callbackDeps),
    logout: createLogout({
      callers,
      csrf,
      sessionCookie,
      returnTo,
      sessionEndings: sessions.endings,
      logoutTokens: sessions.logoutTokens,
      urls: { public: publicUrl, afterLogout },
      clearsBrowserData: logout.clear_browser_data,
    }),
    services: [
      createSettingsService(settingsDeps, settingsCallback),
      createLoginService(loginDeps, loginUpdate),
      createRegistrationService(registrationDeps, registrationUpdate),
      createCallbackService(callbackDeps),
      ...addressFlows.services,
    ],
    jobs: hooks.jobs,
    close: hooks.close,
    purge: [
      // What waits holds what nobody should keep: it is gone once it is over, whatever else stays longer.
      { table: "continuations", expires: "expires_at", retention: 0 },
      { table: "address_undos", expires: "expires_at", retention },
      { table: "pending_addresses", expires: "expires_at", retention: 0 },
      { table: "flows", expires: "expires_at", retention },
    ],
  };
};

/** The method's handler of callbacks, if it is enabled and has one. */
const callbackHandlerOf = (
  methods: Readonly<Record<string, { readonly enabled: boolean; readonly redirect?: CallbackHandler }>>,
  name: string,
): CallbackHandler | undefined => (methods[name]?.enabled ? methods[name].redirect : undefined);
