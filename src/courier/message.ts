import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityRecord } from "../identity/identity.ts";
import type { MessageBudget } from "../limits/message-limit.ts";
import type { MessageLanguage } from "./locale.ts";

/*
 * Messages to people: mails, and texts to phones. This folder owns their rows,
 * what they say in which language, and how they are delivered. When somebody
 * gets one is the business of flows and hooks.
 */

/** Every kind of message, by the name that the configuration and the records have for it. */
export const messageTemplates = [
  "recovery_valid",
  "recovery_invalid",
  "recovery_code_valid",
  "recovery_code_invalid",
  "verification_valid",
  "verification_invalid",
  "verification_code_valid",
  "verification_code_invalid",
  "login_code_valid",
  "login_code_invalid",
  "registration_code_valid",
  "registration_code_invalid",
  "verifiable_address_changed",
  "authenticator_key_added",
  "authenticator_key_removed",
  "password_changed",
  "provider_linked",
  "provider_unlinked",
  "account_deletion_requested",
  "account_deletion_undone",
  "backup_codes_changed",
  "backup_codes_removed",
  "address_change_undone",
  "invitation",
  "account_merged",
] as const;

/**
 * A kind of message. `…_valid` goes to who asked for it and has an account, `…_invalid` to an address that has none
 * (that has one already, in a registration); the rest says what happened to an account.
 */
export type MessageTemplate = (typeof messageTemplates)[number];

/** How a message is sent. */
export type Channel = "email" | "sms";

/** What a message says beside its own words. Which are needed depends on the template: see `requiredData`. */
export interface MessageData {
  /** The one-time code: six digits. */
  readonly code?: string;
  /** Absolute URL: the link to follow. */
  readonly url?: string;
  /** How long code and link are good for, in whole minutes. */
  readonly expiresInMinutes?: number;
  /** The address after a change, as the person may see it. */
  readonly newAddress?: string;
  /** What an authenticator or a provider is called: `YubiKey 5`, `Google`. */
  readonly name?: string;
}

/** A message to queue. */
export interface NewMessage {
  readonly template: MessageTemplate;
  readonly channel: Channel;
  /** An e-mail address or a phone number, normalised. */
  readonly recipient: string;
  /** The language it is written in, as BCP 47: `localeOf` of the call. One that there are no texts in is English. */
  readonly locale: string;
  readonly data: MessageData;
  /** Whose account it is about; undefined where there is none. */
  readonly identity?: IdentityRecord | undefined;
  /** `request_url` of the flow. */
  readonly requestUrl: string;
  readonly transientPayload?: JsonObject | undefined;
  /** From then on it is useless and not sent. One that is over when it is queued is never sent, without a warning. */
  readonly expiresAt: Date;
  /** What keeps whoever causes it from causing it without end. */
  readonly budget: MessageBudget;
}

/** The status of a message. */
export type MessageStatus = "queued" | "processing" | "sent" | "abandoned";

/** One attempt to deliver a message. */
export interface DispatchRecord {
  readonly id: string;
  readonly status: "success" | "failed";
  /** What went wrong; never what the message says. */
  readonly error?: string;
  /** RFC 3339. */
  readonly created_at: string;
}

/** What a message is made of while it waits. It is encrypted at rest. */
export interface MessageContent {
  readonly language: MessageLanguage;
  readonly data: MessageData;
  readonly requestUrl: string;
  readonly transientPayload?: JsonObject;
  /** What templates of the configuration may say of the account. */
  readonly identity?: JsonObject;
}

/** A message as stored. */
export interface MessageRecord {
  readonly id: string;
  readonly status: MessageStatus;
  readonly channel: Channel;
  readonly template: MessageTemplate;
  readonly recipient: string;
  /** Undefined once it was erased, or when the key that encrypted it is gone. */
  readonly content: MessageContent | undefined;
  readonly sendCount: number;
  /** How many nodes were lost with it since its last attempt that ended. */
  readonly lost: number;
  readonly dispatches: readonly DispatchRecord[];
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
