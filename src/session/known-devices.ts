import type { Call, CookieInstruction } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { randomToken } from "../lib/ids.ts";
import type { TextAead } from "../lib/keyring.ts";
import { hostCookieName } from "./host-cookie.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";
import type { SessionStore } from "./store.ts";
import { tokenDigest } from "./tokens.ts";

/** Where the cookie lives. */
export interface KnownDeviceCookieSettings {
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: CookieInstruction["sameSite"];
  readonly secure: boolean;
}

/**
 * Devices on which a person signed in before. A browser shows it by a cookie, a
 * native app by the token of a session that has expired. It proves nothing about
 * who is there: it only keeps strangers from using up what limits and the hashing
 * queue leave to the person themselves.
 */
export interface KnownDevices {
  /** Notes in the browser's cookie that this person signed in. */
  remember(call: Call, identityId: string): void;
  /** A name for the device when this person signed in on it before; stable for a device and person, and no secret. */
  find(call: Call, identityId: string): Promise<string | undefined>;
  /** Whether the call shows anything that `find` may know a device by. Nothing is looked up. */
  showsAny(call: Call): boolean;
  /** A name for the browser when anybody signed in on it before. */
  nameOf(call: Call): string | undefined;
}

const NAME = "ostiary_known_device";
/** Half a year after the last sign-in. */
const MAX_AGE = 15_552_000;
/** Who shares a browser with more people than that is a stranger again now and then. */
const MOST_PEOPLE = 5;

interface Entry {
  readonly identityId: string;
  /** Random: another for each person of a browser, so that each has a budget of their own. */
  readonly device: string;
  /** Seconds since 1970. */
  readonly until: number;
}

/**
 * Creates it. The cookie holds an entry for each person, encrypted and
 * authenticated by `seal`, so that nobody reads or makes one.
 */
export const createKnownDevices = ({
  settings,
  seal,
  store,
  tokenOf,
  clock,
}: {
  readonly settings: KnownDeviceCookieSettings;
  readonly seal: TextAead;
  readonly store: Pick<SessionStore, "findByToken">;
  /** The session token that a call presents. */
  readonly tokenOf: (call: Call) => string | undefined;
  readonly clock: Clock;
}): KnownDevices => {
  const cookieName = hostCookieName(NAME, settings);

  const read = (call: Call): readonly Entry[] => {
    const now = clock.now().getTime() / 1000;
    return readCookies(call, cookieName)
      .map((value) => seal.open(value))
      .flatMap((plain) => (plain === undefined ? [] : parse(plain)))
      .filter(({ until }) => until > now);
  };

  return {
    remember: (call, identityId) => {
      const now = clock.now();
      const known = read(call);
      const device = known.find((entry) => entry.identityId === identityId)?.device ?? randomToken(16);
      const expires = new Date(now.getTime() + MAX_AGE * 1000);
      const mine: Entry = { identityId, device, until: Math.floor(expires.getTime() / 1000) };
      const entries = [mine, ...known.filter((entry) => entry.identityId !== identityId)].slice(0, MOST_PEOPLE);
      putCookie(call, {
        name: cookieName,
        value: seal.seal(write(entries)),
        ...settings,
        httpOnly: true,
        maxAge: MAX_AGE,
        expires,
      });
    },

    nameOf: (call) => read(call)[0]?.device,

    showsAny: (call) => tokenOf(call) !== undefined || read(call).length > 0,

    find: async (call, identityId) => {
      const entry = read(call).find((one) => one.identityId === identityId);
      if (entry) return entry.device;
      const token = tokenOf(call);
      const found = token === undefined ? undefined : await store.findByToken(tokenDigest(token));
      // A session that its owner ended vouches for nobody.
      return found?.session.active && found.identity.id === identityId ? found.session.id : undefined;
    },
  };
};

const write = (entries: readonly Entry[]): string =>
  entries.map(({ identityId, device, until }) => `${identityId} ${device} ${until}`).join("\n");

const parse = (plain: string): readonly Entry[] =>
  plain.split("\n").map((line) => {
    const [identityId = "", device = "", until = ""] = line.split(" ");
    return { identityId, device, until: Number(until) };
  });
