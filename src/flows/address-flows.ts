import type { Guards } from "../challenge/module.ts";
import type { Core } from "../core.ts";
import type { Courier } from "../courier/courier.ts";
import type { Sql } from "../db/sql.ts";
import type { VerificationHooks } from "../hooks/phases.ts";
import type { HookRunner } from "../hooks/runner.ts";
import { showVerificationUi } from "../hooks/show-verification-ui.ts";
import type { Methods } from "../methods/module.ts";
import type { createSessions } from "../session/module.ts";
import type { SessionKey } from "../session/store.ts";
import type { ChallengeFlowDeps } from "./challenge/deps.ts";
import { createRecoveryAdminService } from "./recovery/admin.ts";
import type { RecoveryDeps } from "./recovery/deps.ts";
import { createRenderRecovery, type RenderRecovery } from "./recovery/render.ts";
import { createRecoveryService } from "./recovery/service.ts";
import { newSettingsFlow } from "./settings/create.ts";
import type { FlowDeps, FlowDestinations } from "./shared/deps.ts";
import { formOf } from "./shared/form.ts";
import type { VerificationDeps } from "./verification/deps.ts";
import { createRenderVerification, type RenderVerification } from "./verification/render.ts";
import { createResend, type ResendPendingAddress } from "./verification/resend.ts";
import { createVerificationService } from "./verification/service.ts";
import { createVerifier } from "./verification/verifier.ts";
import { createVerifyNewAddress } from "./verification/verify-new-address.ts";

/** What flows that send messages to addresses stand on. */
interface AddressFlowsDeps {
  readonly core: Core;
  readonly sessions: ReturnType<typeof createSessions>;
  readonly limits: Guards;
  readonly methods: Methods;
  readonly courier: Courier;
  /** What all flows share. */
  readonly shared: FlowDeps;
  readonly hooks: { readonly verification: HookRunner; readonly recovery: HookRunner; readonly settings: HookRunner };
  readonly render: { readonly verification: RenderVerification; readonly recovery: RenderRecovery };
}

/** Creates the rendering of both flows. */
export const createAddressFlowRenders = (
  { config }: Pick<Core, "config">,
  methods: Methods,
  { defaultReturnUrl, returnTo, urls }: FlowDestinations,
  takesPhoneNumbers: boolean,
) => {
  const { verification, recovery } = config.selfservice.flows;
  return {
    verification: createRenderVerification({
      config: verification,
      defaultReturnUrl,
      methods: methods.verification,
      returnTo,
      takesPhoneNumbers,
      urls,
    }),
    recovery: createRenderRecovery({ config: recovery, methods: methods.recovery, urls }),
  };
};

/** What sends messages and takes them back. */
const challengeDepsOf = (
  { core, sessions, limits, courier, shared }: Omit<AddressFlowsDeps, "hooks" | "render" | "methods">,
  takesPhoneNumbers: boolean,
): ChallengeFlowDeps => {
  const { challenges, messageFloor } = limits;
  return {
    ...shared,
    challenge: {
      challenges,
      messageFloor,
      courier,
      openedLinks: sessions.openedLinks,
      takesPhoneNumbers,
      linkBase: core.config.selfservice.methods.link.config.base_url,
    },
  };
};

/**
 * The hooks that follow every registration and change of settings, whatever is configured: none where nothing is
 * verified.
 */
export const createVerificationHooks = (
  deps: Omit<AddressFlowsDeps, "hooks" | "render">,
  takesPhoneNumbers: boolean,
): VerificationHooks & { readonly resendPending: ResendPendingAddress | undefined } => {
  const { selfservice, feature_flags: flags, security } = deps.core.config;
  const { verification } = selfservice.flows;
  if (!verification.enabled)
    return { hooks: [], open: async () => undefined, verifyNewAddress: undefined, resendPending: undefined };
  const sendsToAll = flags.legacy_continue_with_verification_ui;
  const beginning = {
    ...challengeDepsOf(deps, takesPhoneNumbers),
    verification: {
      config: verification,
      methods: deps.methods.verification,
      hidesAccounts: security.account_enumeration.mitigate,
    },
  };
  const verifier = createVerifier(beginning, sendsToAll);
  return {
    hooks: sendsToAll ? [verifier, showVerificationUi()] : [verifier],
    open: verifier.open,
    verifyNewAddress: createVerifyNewAddress(beginning),
    resendPending: createResend(beginning),
  };
};

/** Creates verification and recovery. */
export const createAddressFlows = ({ hooks, render, ...deps }: AddressFlowsDeps, takesPhoneNumbers: boolean) => {
  const { core, methods, sessions, shared } = deps;
  const { clock, config, digestKey } = core;
  const { flows } = config.selfservice;
  const challenged = challengeDepsOf(deps, takesPhoneNumbers);
  const verification: VerificationDeps = {
    ...challenged,
    verification: {
      config: flows.verification,
      methods: methods.verification,
      hooks: hooks.verification,
      render: render.verification,
      findSession: async (sql: Sql, session: SessionKey) =>
        (await sessions.store.findLive(sql, session, clock.now()))?.session,
      settingsHooks: hooks.settings,
      hidesAccounts: config.security.account_enumeration.mitigate,
    },
  };
  const recovery: RecoveryDeps = {
    ...challenged,
    recovery: {
      config: flows.recovery,
      methods: methods.recovery,
      hooks: hooks.recovery,
      render: render.recovery,
      digestKey,
      usesContinueWith: config.feature_flags.use_continue_with_transitions,
      choosesAddress: config.feature_flags.choose_recovery_address,
      settings: {
        privilegedFor: flows.settings.privileged_session_max_age,
        create: async (tx, identity, { type, requestUrl, context }, text) => {
          const form = formOf([{ node: "", text }]);
          const settings = { config: flows.settings, methods: methods.settings };
          const flow = newSettingsFlow({ ...shared, settings }, { identity }, type, requestUrl, form, context);
          await shared.storage.flows.insert(tx, flow);
          return flow;
        },
      },
    },
  };
  return {
    settings: recovery.recovery.settings,
    services: [
      createVerificationService(verification),
      createRecoveryService(recovery),
      createRecoveryAdminService(recovery),
    ],
  };
};
