/** What an event may say beside who, when and where. Never a secret, never a trait. */
export interface EventDetail {
  /** The method: `password`, `code`, `oidc`, … */
  readonly method?: string;
  /** Id of the sign-in provider: `github`. */
  readonly provider?: string;
  /** How the address is reached: `email` or `sms`. */
  readonly via?: string;
  /** The assurance level that was reached: `aal1` or `aal2`. */
  readonly aal?: string;
  /** Why it was refused: `wrong_credential`, `identity_disabled`, `too_many_attempts`, … */
  readonly reason?: string;
  /** The model of an authenticator, a UUID. */
  readonly aaguid?: string;
  /** The kind of credential that was removed: `totp`. */
  readonly credential?: string;
  /** What ended a session or the trust in a browser: `logout`, `owner`, `operator`, `hook`, `undo`. */
  readonly by?: string;
  /** How many sessions, or trusted browsers, were ended. */
  readonly count?: number;
  /** The session that was ended, the trusted device that is meant, or the other identity of a merge: a UUID. */
  readonly subject?: string;
  /** The operator who did it; left out where its owner did. */
  readonly operator?: string;
}

/** A type of event, as documented. */
interface EventTypeEntry {
  /** What happened, in one sentence. */
  readonly subject: string;
  /** Members of its detail; `operator` may stand in any. */
  readonly fields: readonly (keyof EventDetail)[];
  /** The version of the schema of events that it came with. */
  readonly since: number;
}

/** The version of the schema that events have now (proto/ostiary/events/v1). */
export const eventSchemaVersion = 1;

/**
 * THE list of what is recorded of an account. A type that is not in it does not
 * compile; docs/events.md shows the list. Names are never changed: receivers
 * filter by them.
 */
export const eventTypes = {
  "account.exported": { subject: "Everything that is stored about the owner was exported", fields: [], since: 1 },
  "account.merged": { subject: "Another account of the owner was merged into this one", fields: ["subject"], since: 1 },
  "account.merged_away": {
    subject: "The account was merged into another one of its owner, and erased",
    fields: ["subject"],
    since: 1,
  },
  "account.recovered": { subject: "The account was recovered by a code or link", fields: ["method"], since: 1 },
  "address.change_cancelled": { subject: "A pending address was cancelled", fields: [], since: 1 },
  "address.change_requested": { subject: "A pending address was added", fields: ["via"], since: 1 },
  "address.change_undone": {
    subject: "The owner of a previous address undid its change; all sessions ended",
    fields: ["via"],
    since: 1,
  },
  "address.changed": {
    subject: "A pending address was verified and is part of the account",
    fields: ["via"],
    since: 1,
  },
  "address.verified": { subject: "An address was verified", fields: ["via"], since: 1 },
  "credential.deleted": { subject: "An operator removed a credential", fields: ["credential"], since: 1 },
  "deletion.cancelled": { subject: "The deletion of the account was cancelled", fields: [], since: 1 },
  "deletion.requested": { subject: "The deletion of the account was requested", fields: [], since: 1 },
  "device.trusted": {
    subject: "A browser was trusted: it replaces the second factor at a sign-in",
    fields: ["subject"],
    since: 1,
  },
  "device.untrusted": {
    subject: "One or more browsers are no longer trusted",
    fields: ["by", "count", "subject"],
    since: 1,
  },
  "identifiers.changed": {
    subject: "An identifier or address was changed in the settings, or as a provider told it at a sign-in",
    fields: [],
    since: 1,
  },
  "identity.created": { subject: "An operator created the identity", fields: [], since: 1 },
  "identity.deleted": { subject: "The identity was deleted with all of its data", fields: [], since: 1 },
  "identity.disabled": { subject: "The identity was disabled: nobody can sign in to it", fields: [], since: 1 },
  "identity.enabled": { subject: "The identity was enabled again", fields: [], since: 1 },
  "identity.patched": { subject: "An operator changed parts of the identity", fields: [], since: 1 },
  "identity.replaced": { subject: "An operator replaced the identity's data", fields: [], since: 1 },
  "invitation.accepted": {
    subject: "Somebody accepted an invitation, by its link, by proving an address or by recovering the account",
    fields: ["via"],
    since: 1,
  },
  "invitation.revoked": { subject: "An operator revoked an invitation that was accepted", fields: [], since: 1 },
  "invitation.sent": { subject: "An operator sent an invitation, the first time or again", fields: ["via"], since: 1 },
  "login.limited": {
    subject: "A sign-in was refused unchecked: too many had failed",
    fields: ["method", "reason"],
    since: 1,
  },
  "login.refused": { subject: "A sign-in was refused", fields: ["method", "reason"], since: 1 },
  "login.succeeded": {
    subject: "Somebody signed in, and a session began",
    fields: ["method", "provider", "via", "aal"],
    since: 1,
  },
  "lookup_secret.changed": { subject: "Backup codes were confirmed", fields: [], since: 1 },
  "lookup_secret.removed": { subject: "Backup codes were removed", fields: [], since: 1 },
  "passkey.added": { subject: "A passkey was added", fields: ["aaguid"], since: 1 },
  "passkey.copied": {
    subject: "A passkey was refused: its counter says that there is a copy",
    fields: ["aaguid"],
    since: 1,
  },
  "passkey.removed": { subject: "A passkey was removed", fields: ["aaguid"], since: 1 },
  "password.changed": { subject: "The password was set or changed", fields: [], since: 1 },
  "profile.changed": {
    subject:
      "Traits without identifiers or addresses were changed; recorded only where there are receivers or a stream",
    fields: [],
    since: 1,
  },
  "provider.linked": { subject: "An account of a sign-in provider was linked", fields: ["provider"], since: 1 },
  "provider.unlinked": { subject: "An account of a sign-in provider was unlinked", fields: ["provider"], since: 1 },
  "recovery.created": { subject: "An operator made a recovery code or link", fields: ["method"], since: 1 },
  "recovery.refused": { subject: "A recovery code or link was refused", fields: ["method", "reason"], since: 1 },
  "recovery.requested": {
    subject: "A recovery code or link was requested",
    fields: ["method", "via", "reason"],
    since: 1,
  },
  "registration.refused": {
    subject: "Somebody tried to sign up with an identifier of the account",
    fields: ["method", "reason"],
    since: 1,
  },
  "registration.succeeded": { subject: "Somebody signed up", fields: ["method", "provider"], since: 1 },
  "session.ended": { subject: "One or more sessions were ended", fields: ["by", "count", "subject"], since: 1 },
  "session.extended": { subject: "An operator extended a session", fields: ["subject"], since: 1 },
  "session.reauthenticated": {
    subject: "The owner authenticated again, or raised the level of the session",
    fields: ["method", "provider", "via", "aal"],
    since: 1,
  },
  "totp.added": { subject: "An authenticator app was added", fields: [], since: 1 },
  "totp.removed": { subject: "The authenticator app was removed", fields: [], since: 1 },
  "verification.refused": {
    subject: "A verification code or link was refused",
    fields: ["method", "reason"],
    since: 1,
  },
  "verification.requested": {
    subject: "A verification code or link was requested",
    fields: ["method", "via", "reason"],
    since: 1,
  },
  "webauthn.added": { subject: "A security key was added", fields: ["aaguid"], since: 1 },
  "webauthn.copied": {
    subject: "A security key was refused: its counter says that there is a copy",
    fields: ["aaguid"],
    since: 1,
  },
  "webauthn.removed": { subject: "A security key was removed", fields: ["aaguid"], since: 1 },
} as const satisfies Readonly<Record<string, EventTypeEntry>>;

/** The name of a type of event: `password.changed`. */
export type EventType = keyof typeof eventTypes;

/** What happened. */
export interface EventContent {
  readonly type: EventType;
  readonly detail?: EventDetail | undefined;
}

/** Whether a text names a type of event. */
export const isEventType = (text: string): text is EventType => Object.hasOwn(eventTypes, text);
