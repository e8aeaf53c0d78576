import type { Call, CookieInstruction } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { TextAead } from "../lib/keyring.ts";
import { hostCookieName } from "./host-cookie.ts";
import { putCookie } from "./put-cookie.ts";
import { readCookies } from "./read-cookie.ts";

/** Where the cookie lives. */
export interface OpenedLinkCookieSettings {
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: CookieInstruction["sameSite"];
  readonly secure: boolean;
}

/**
 * What the link of a message brought into a browser: the flow that it is of, and the code or token in it. It stays in
 * this browser, sealed: the server keeps nothing, so that whatever opens links before their reader does uses nothing
 * up, and shows nothing to whoever began the flow.
 */
export interface OpenedLinks {
  /** @param until when the flow expires */
  remember(call: Call, flowId: string, secret: string, until: Date): void;
  /** The code or token that the link of this flow brought into this browser; undefined where none was opened here. */
  find(call: Call, flowId: string): string | undefined;
}

const NAME = "ostiary_opened_link";

/** Creates it. The cookie holds the link that was opened last. */
export const createOpenedLinks = (settings: OpenedLinkCookieSettings, seal: TextAead, clock: Clock): OpenedLinks => {
  const name = hostCookieName(NAME, settings);
  return {
    remember: (call, flowId, secret, until) => {
      const maxAge = Math.max(1, Math.ceil((until.getTime() - clock.now().getTime()) / 1000));
      putCookie(call, {
        name,
        value: seal.seal(JSON.stringify([flowId, secret])),
        ...settings,
        httpOnly: true,
        maxAge,
        expires: until,
      });
    },
    find: (call, flowId) => {
      for (const value of readCookies(call, name)) {
        const plain = seal.open(value);
        if (plain === undefined) continue;
        const [id, secret] = JSON.parse(plain) as readonly [string, string];
        if (id === flowId) return secret;
      }
      return undefined;
    },
  };
};
