import type { JsonObject } from "@bufbuild/protobuf";
import type { Session, SessionSchema } from "../../gen/ostiary/session/v1/session_pb.ts";
import type {
  ExchangeSessionTokenRequest,
  ExchangeSessionTokenResponse,
} from "../../gen/ostiary/session/v1/session_service_pb.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Config } from "../config/config.ts";
import type { Courier } from "../courier/courier.ts";
import type { Database } from "../db/sql.ts";
import type { Logout } from "../flows/logout/logout.ts";
import type { FlowDestinations, FlowSessions } from "../flows/shared/deps.ts";
import type { SettingsAfterSignIn } from "../flows/shared/settings-after-sign-in.ts";
import type { FlowUrls } from "../flows/shared/urls.ts";
import type { ResendPendingAddress } from "../flows/verification/resend.ts";
import type { AddressUndos } from "../identity/address-undos.ts";
import type { ConflictRetry } from "../identity/conflict-retry.ts";
import type { PendingAddresses } from "../identity/pending-addresses.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Aead } from "../lib/aead.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { MessageLimit } from "../limits/message-limit.ts";
import type { CredentialKind, Factors, FindLinks } from "../methods/contract/credential.ts";
import type { CredentialMerging } from "../methods/contract/merging.ts";
import type { Schemas } from "../schema/sources.ts";
import type { Callers } from "../session/caller.ts";
import type { Csrf } from "../session/csrf.ts";
import type { SessionEndings } from "../session/endings.ts";
import type { SessionCookie } from "../session/session-cookie.ts";
import type { SessionStore } from "../session/store.ts";
import type { Tokenizer } from "../session/tokenizer.ts";
import type { TrustedDevices } from "../session/trusted-devices.ts";

/* What owners do outside flows stands on, by subject. Each part of account/ gets the groups that it needs, whole. */

/** Where accounts are read and written. */
export interface AccountStorage {
  readonly db: Database;
  readonly clock: Clock;
  readonly aead: Aead;
  readonly identities: IdentityStore;
  readonly conflictRetry: ConflictRetry;
  readonly pendingAddresses: PendingAddresses;
  readonly addressUndos: AddressUndos;
}

/** Where events are recorded and messages are queued, and the log. */
export interface AccountTrail {
  readonly log: Log;
  readonly audit: AuditLog;
  readonly courier: Courier;
  readonly messages: MessageLimit;
}

/** Who calls, and the sessions and devices that are theirs. */
export interface AccountSessions {
  readonly callers: Callers;
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly store: SessionStore;
  readonly endings: SessionEndings;
  readonly trustedDevices: TrustedDevices;
  readonly tokenizer: Tokenizer;
}

/** What flows have that is useful outside of them. */
export interface AccountFlows {
  readonly urls: FlowUrls;
  readonly factors: Factors;
  /** A session as REST prints it. */
  readonly print: (desc: typeof SessionSchema, session: Session) => JsonObject;
  readonly logout: Logout;
  /** Gives a native app the session that it fetches with its codes. */
  readonly exchange: (request: ExchangeSessionTokenRequest, call: Call) => Promise<ExchangeSessionTokenResponse>;
  /** Undefined where there is no verification. */
  readonly resendPending: ResendPendingAddress | undefined;
  readonly settingsSignIn: SettingsSignIn;
}

/** What signs in whoever accepts an invitation, and creates their settings flow. */
export interface SettingsSignIn {
  readonly sessions: FlowSessions;
  readonly destinations: FlowDestinations;
  readonly settings: SettingsAfterSignIn;
}

/** What the methods say about what people have. */
export interface AccountMethods {
  readonly credentials: readonly CredentialKind[];
  readonly oidc: { readonly links: FindLinks };
  readonly mergings: readonly CredentialMerging[];
}

/** The sections of the configuration that are about accounts. */
export type AccountSections = Pick<
  Config,
  "account" | "courier" | "feature_flags" | "secrets" | "security" | "selfservice" | "session"
>;

/** What the parts of account/ need. */
export interface AccountDeps {
  readonly config: AccountSections;
  readonly storage: AccountStorage;
  readonly trail: AccountTrail;
  readonly jobs: Jobs;
  readonly schemas: Schemas;
  readonly sessions: AccountSessions;
  readonly flows: AccountFlows;
  readonly methods: AccountMethods;
}
