import type { Call } from "../lib/call.ts";
import type { Csrf } from "./csrf.ts";
import type { Issued } from "./issue.ts";
import type { KnownDevices } from "./known-devices.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** What a browser holds of whoever is signed in. */
interface BrowserCookies {
  readonly sessionCookie: Pick<SessionCookie, "set">;
  readonly devices: Pick<KnownDevices, "remember">;
  readonly csrf: Pick<Csrf, "rotate">;
}

/** When a session begins in a browser, and what the browser held before. */
interface BrowserSignIn {
  readonly now: Date;
  /** Who was signed in there until now and keeps the anti-CSRF secret; left out: nobody does. */
  readonly keepsSecretOf?: string | undefined;
  /** The anti-CSRF secret that was drawn for it; left out: any. */
  readonly nextSecret?: Buffer | undefined;
}

/**
 * Sets the cookies of a browser in which a session begins: that of the session, that of the known device, and a new
 * anti-CSRF secret, since one that someone else may know must not outlive the change of person. The same person keeps
 * theirs, so that forms already open stay good.
 */
export const signInBrowser = (
  { sessionCookie, devices, csrf }: BrowserCookies,
  call: Call,
  { identity, session, token }: Issued,
  { now, keepsSecretOf, nextSecret }: BrowserSignIn,
): void => {
  sessionCookie.set(call, { token, expiresAt: session.expiresAt }, now);
  devices.remember(call, identity.id);
  if (keepsSecretOf !== identity.id) csrf.rotate(call, nextSecret);
};
