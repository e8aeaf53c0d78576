import type { IdentityRecord } from "../identity/identity.ts";

/*
 * The session aggregate: who is signed in on which device, since when and how
 * surely. This folder owns the rows, the tokens and cookies a session travels
 * in, the anti-CSRF secret beside them, and the public view. What a method
 * proves is the method's business; flows decide when a session begins.
 */

/** The method of an entry that a trusted device makes: it stands in for a second factor when a person signs in. */
export const TRUSTED_DEVICE = "trusted_device";

/** One authentication of the person. Times are RFC 3339. */
export interface AuthenticationMethodRecord {
  readonly method: string;
  readonly aal: "aal1" | "aal2";
  readonly completed_at: string;
  readonly provider?: string;
  /** How the secret was sent, where it came in a message. */
  readonly via?: "email" | "sms";
}

/** Where a session was begun. */
export interface DeviceRecord {
  readonly id: string;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly location: string;
}

/** A session as stored. Immutable. Of its token only the digest exists. */
export interface SessionRecord {
  readonly id: string;
  readonly identityId: string;
  readonly active: boolean;
  /** Goes into the token that follows this one; see `nextSessionToken`. */
  readonly salt: Buffer;
  readonly methods: readonly AuthenticationMethodRecord[];
  readonly device: DeviceRecord;
  readonly issuedAt: Date;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

/** A session together with the person it belongs to. */
export interface SignedIn {
  readonly session: SessionRecord;
  readonly identity: IdentityRecord;
}

/** Whether a session may be used at all at `now`. */
export const isLive = ({ session, identity }: SignedIn, now: Date): boolean =>
  session.active && session.expiresAt > now && identity.state === "active";

/**
 * Whether the person proved who they are recently enough for a protected change.
 *
 * @param maxAge milliseconds
 */
export const isPrivileged = (session: SessionRecord, maxAge: number, now: Date): boolean =>
  session.authenticatedAt.getTime() + maxAge > now.getTime();
