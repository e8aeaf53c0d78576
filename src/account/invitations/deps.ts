import type { AccountConfig } from "../../config/account-config.ts";
import type { Sql } from "../../db/sql.ts";
import type { FlowDestinations } from "../../flows/shared/deps.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Invitations } from "../../identity/invitations.ts";
import type { TextAead } from "../../lib/keyring.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { EraseAccount } from "../deletion/erase-account.ts";
import type { AccountStorage, AccountTrail, SettingsSignIn } from "../deps.ts";
import type { SendInvitation } from "./send.ts";

/** Where invitations are read and written. */
export interface InvitationStorage extends AccountStorage {
  readonly invitations: Invitations;
}

/** What the RPCs of operators need. */
export interface InvitationAdminDeps {
  readonly storage: InvitationStorage;
  readonly trail: Pick<AccountTrail, "audit" | "log">;
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
  readonly accounts: {
    readonly erase: EraseAccount;
    /** Whether a person has a first factor, beside codes to their addresses. */
    readonly hasFirstFactor: (identity: IdentityRecord) => boolean;
    /** Whether anybody has signed in, as far as sessions go back. */
    readonly hasSession: (sql: Sql, identityId: string) => Promise<boolean>;
  };
  /** Seals page tokens. */
  readonly pages: TextAead;
}

/** What accepting one needs. */
export interface AcceptDeps {
  /** The page that the link leads to. */
  readonly acceptUrl: string;
  readonly storage: InvitationStorage;
  readonly audit: AccountTrail["audit"];
  readonly settingsSignIn: SettingsSignIn;
}
