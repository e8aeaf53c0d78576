import type { Call } from "../lib/call.ts";
import type { Issued } from "./issue.ts";
import type { KnownDevices } from "./known-devices.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** What a browser holds of whoever is signed in. */
interface BrowserCookies {
  readonly sessionCookie: Pick<SessionCookie, "set">;
  readonly devices: Pick<KnownDevices, "remember">;
}

/** Sets the cookies of a browser in which a session begins: that of the session, and that of the known device. */
export const signInBrowser = (
  { sessionCookie, devices }: BrowserCookies,
  call: Call,
  { identity, session, token }: Issued,
  now: Date,
): void => {
  sessionCookie.set(call, { token, expiresAt: session.expiresAt }, now);
  devices.remember(call, identity.id);
};
