import type { AuditLog } from "../audit/audit-log.ts";
import type { SessionStore } from "../session/store.ts";
import type { PreviousAddressesDeps } from "./notices/notify-previous.ts";
import { findRecipientsFault, notifyPreviousAddresses } from "./notices/previous-addresses.ts";
import type { FindConfigFault, HookFactory, VerificationHooks } from "./phases.ts";
import { requireVerifiedAddress } from "./require-verified-address.ts";
import { revokeActiveSessions } from "./revoke-active-sessions.ts";
import { session } from "./session.ts";
import { showVerificationUi } from "./show-verification-ui.ts";
import { type WebHookDeps, webHook } from "./web-hook/web-hook.ts";

const nothing: HookFactory = () => ({});

/** Every hook by its name in the configuration. */
export const hooks = ({
  audit,
  sessions,
  webHook: deps,
  showsEveryVerification,
  verification,
  previousAddresses,
}: {
  readonly audit: AuditLog;
  readonly sessions: SessionStore;
  readonly webHook: WebHookDeps;
  /** Every verification flow is shown, whatever is configured: `showVerificationUi` belongs to the flows then. */
  readonly showsEveryVerification: boolean;
  /** Verification, once its flow is there. */
  readonly verification: () => VerificationHooks;
  readonly previousAddresses: PreviousAddressesDeps;
}) =>
  ({
    notify_previous_addresses: notifyPreviousAddresses(previousAddresses),
    require_verified_address: requireVerifiedAddress(() => verification().open),
    revoke_active_sessions: revokeActiveSessions(sessions, audit),
    session,
    show_verification_ui: showsEveryVerification ? nothing : showVerificationUi,
    verification: () => ({ ...verification().hooks[0] }),
    verify_new_address: () => ({ ...verification().verifyNewAddress }),
    web_hook: webHook(deps),
  }) satisfies Readonly<Record<string, HookFactory>>;

/** The name of a hook in the configuration. */
type HookName = keyof ReturnType<typeof hooks>;

/** For hooks that have no `config`. */
const takesNone: FindConfigFault = (config = {}) => {
  const [stray] = Object.keys(config);
  return stray === undefined ? undefined : `${stray} is no key of this hook: it takes none`;
};

/**
 * What is wrong with the `config` of each hook, by its name: a server with such a hook does not start. Those of web
 * hooks are read with the programs that they name (`web-hook/prepare.ts`).
 */
export const configFaults: Readonly<Record<Exclude<HookName, "web_hook">, FindConfigFault>> = {
  notify_previous_addresses: findRecipientsFault,
  require_verified_address: takesNone,
  revoke_active_sessions: takesNone,
  session: takesNone,
  show_verification_ui: takesNone,
  verification: takesNone,
  verify_new_address: takesNone,
};
