import type { AuditLog } from "../../audit/audit-log.ts";
import type { AccountConfig } from "../../config/account-config.ts";
import type { FlowDestinations, FlowSessions, FlowStorage } from "../../flows/shared/deps.ts";
import type { EnterSettings } from "../../flows/shared/enter-settings.ts";
import type { ConflictRetry } from "../../identity/conflict-retry.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Invitations } from "../../identity/invitations.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { EraseAccount } from "../deletion/erase-account.ts";
import type { SendInvitation } from "./send.ts";

/** Where invitations are read and written. */
export interface InvitationStorage extends Pick<FlowStorage, "db" | "clock" | "identities"> {
  readonly audit: AuditLog;
  readonly invitations: Invitations;
}

/** What the RPCs of operators need. */
export interface InvitationAdminDeps {
  readonly storage: InvitationStorage;
  readonly config: AccountConfig["invitation"];
  readonly schemas: Schemas;
  readonly returnTo: FlowDestinations["returnTo"];
  readonly sending: {
    readonly send: SendInvitation;
    /** Looks for queued messages at once. */
    readonly wake: () => void;
    /** Whether text messages can be sent. */
    readonly takesPhoneNumbers: boolean;
  };
  readonly erase: EraseAccount;
  /** Whether a person has anything that they sign in with, beside messages to their addresses. */
  readonly signsIn: (identity: IdentityRecord) => boolean;
  /** Seals page tokens. */
  readonly pages: TextAead;
}

/** What accepting one needs. */
export interface AcceptDeps {
  readonly storage: InvitationStorage;
  readonly sessions: Pick<FlowSessions, "csrf" | "sessionCookie" | "issuer" | "devices">;
  readonly urls: FlowDestinations["urls"];
  readonly conflictRetry: ConflictRetry;
  readonly settings: EnterSettings;
}
