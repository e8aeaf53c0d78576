import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { AalRules, RequiredAal } from "./aal.ts";
import { findPresentedToken, type PresentedToken } from "./presented-token.ts";
import { isLive, type SignedIn } from "./session.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { SessionStore } from "./store.ts";
import { tokenDigest } from "./tokens.ts";

/** Who makes a call. Identity comes from the session and from nowhere else. */
export interface Caller extends SignedIn {
  readonly credential: PresentedToken;
}

/** Tells who makes a call. */
export interface Callers {
  /** The token's digest, for reads that join the session. @throws SESSION_INACTIVE */
  mustHaveToken(call: Call): { readonly credential: PresentedToken; readonly digest: Buffer };
  /** Checks what such a read found. @throws SESSION_INACTIVE */
  mustBeLive(found: SignedIn | undefined, credential: PresentedToken): Caller;
  /** Whether the call presents a session at all, live or not. */
  hasToken(call: Call): boolean;
  find(call: Call): Promise<Caller | undefined>;
  /** @throws SESSION_INACTIVE */
  must(call: Call): Promise<Caller>;
  /**
   * As `must`, of somebody whose session has a level.
   *
   * @param returnTo where a browser comes back to once it has stepped up
   * @throws SESSION_INACTIVE, AAL2_REQUIRED
   */
  mustBeAt(call: Call, required: RequiredAal, returnTo?: string): Promise<Caller>;
  /** See `AalRules`. @throws AAL2_REQUIRED */
  readonly mustSatisfyAal: AalRules["mustSatisfy"];
  /** The other rules of levels. */
  readonly aal: AalRules;
}

/** What `createCallers` needs. */
export interface CallersDeps {
  readonly store: SessionStore;
  readonly cookie: SessionCookie;
  readonly clock: Clock;
  readonly aal: AalRules;
}

/** Creates the answers to "who calls?". */
export const createCallers = ({ store, cookie, clock, aal }: CallersDeps): Callers => {
  const inactive = () =>
    serviceError("SESSION_INACTIVE", { explain: "No valid session was found in the request: sign in first." });

  const mustHaveToken: Callers["mustHaveToken"] = (call) => {
    const credential = findPresentedToken(call, cookie);
    if (credential === undefined) throw inactive();
    return { credential, digest: tokenDigest(credential.token) };
  };

  const mustBeLive: Callers["mustBeLive"] = (found, credential) => {
    if (found === undefined || !isLive(found, clock.now())) throw inactive();
    return { ...found, credential };
  };

  const find: Callers["find"] = async (call) => {
    const credential = findPresentedToken(call, cookie);
    if (credential === undefined) return undefined;
    const found = await store.findByToken(tokenDigest(credential.token));
    return found && isLive(found, clock.now()) ? { ...found, credential } : undefined;
  };

  const must: Callers["must"] = async (call) => {
    const { credential, digest } = mustHaveToken(call);
    return mustBeLive(await store.findByToken(digest), credential);
  };

  return {
    mustHaveToken,
    mustBeLive,
    hasToken: (call) => findPresentedToken(call, cookie) !== undefined,
    find,
    must,
    mustBeAt: async (call, required, returnTo) => {
      const caller = await must(call);
      aal.mustSatisfy(caller, required, returnTo);
      return caller;
    },
    mustSatisfyAal: aal.mustSatisfy,
    aal,
  };
};
