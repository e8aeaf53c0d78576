import type { Config } from "../config/config.ts";
import type { Clock } from "../lib/clock.ts";
import type { Keyring } from "../lib/keyring.ts";
import { type ContinuityCookie, createContinuityCookie } from "./continuity-cookie.ts";
import { type Csrf, createCsrf } from "./csrf.ts";
import { createKnownDevices, type KnownDevices } from "./known-devices.ts";
import { createKratosCookies } from "./kratos-cookie.ts";
import { createOpenedLinks, type OpenedLinks } from "./opened-link.ts";
import { findPresentedToken } from "./presented-token.ts";
import { createSessionCookie, type SessionCookie } from "./session-cookie.ts";
import type { SessionStore } from "./store.ts";
import { createTrustedDevices, type TrustedDevices } from "./trusted-devices.ts";

/** Everything that travels in cookies. */
export interface Cookies {
  readonly csrf: Csrf;
  readonly sessionCookie: SessionCookie;
  readonly continuityCookie: ContinuityCookie;
  readonly devices: KnownDevices;
  readonly openedLinks: OpenedLinks;
  readonly trustedDevices: TrustedDevices;
}

const sameSites = { Lax: "lax", Strict: "strict", None: "none" } as const;

/** Creates the cookies as configured: secure unless in development mode, or as is said. */
export const createCookies = ({
  config: { cookies, dev, secrets, serve, session },
  keyring,
  sessions,
  clock,
}: {
  readonly config: Pick<Config, "cookies" | "dev" | "secrets" | "serve" | "session">;
  readonly keyring: Keyring;
  readonly sessions: SessionStore;
  readonly clock: Clock;
}): Cookies => {
  const { path, domain } = cookies;
  const secure = cookies.secure ?? !dev;
  const csrf = createCsrf(serve.public.base_url, {
    path,
    domain,
    sameSite: secure ? sameSites[cookies.same_site] : "lax",
    secure,
  });
  const { name, persistent, ...own } = session.cookie;
  const sessionCookie = createSessionCookie(
    {
      name,
      path: own.path,
      domain: own.domain,
      sameSite: sameSites[own.same_site],
      secure: own.secure ?? secure,
      persistent,
    },
    keyring.seal("session cookie"),
    createKratosCookies(name, secrets.cookie),
  );
  // A provider leads back from its own site: a strict cookie would stay behind.
  const lasting = { path, domain, sameSite: secure && cookies.same_site === "None" ? "none" : "lax", secure } as const;
  return {
    csrf,
    sessionCookie,
    continuityCookie: createContinuityCookie(lasting, keyring.seal("continuity cookie"), clock),
    trustedDevices: createTrustedDevices({
      config: session.trusted_devices,
      cookie: lasting,
      seal: keyring.seal("trusted device"),
      clock,
    }),
    devices: createKnownDevices({
      settings: lasting,
      seal: keyring.seal("known device"),
      store: sessions,
      tokenOf: (call) => findPresentedToken(call, sessionCookie)?.token,
      clock,
    }),
    openedLinks: createOpenedLinks(lasting, keyring.seal("opened link"), clock),
  };
};
