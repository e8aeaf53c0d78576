import { serviceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { findPresentedToken, type PresentedToken } from "./presented-token.ts";
import { isLive, type SignedIn, sessionAal } from "./session.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { SessionStore } from "./store.ts";
import { tokenDigest } from "./tokens.ts";

/** Who makes a call. Identity comes from the session and from nowhere else. */
export interface Caller extends SignedIn {
  readonly credential: PresentedToken;
}

/** Which level an RPC asks for. */
export type RequiredAal = "aal1" | "highest_available";

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
  /** @throws AAL2_REQUIRED, with the URL that leads back to `returnTo` */
  mustSatisfyAal(caller: SignedIn, required: RequiredAal, returnTo?: string): void;
}

/** What `createCallers` needs. */
export interface CallersDeps {
  readonly store: SessionStore;
  readonly cookie: SessionCookie;
  readonly clock: Clock;
  /** Whether the person has a second factor: a question to the methods. */
  readonly hasSecondFactor: (caller: SignedIn) => boolean;
  /** Where a browser logs in, with a query. */
  readonly loginUrl: (query: Readonly<Record<string, string>>) => string;
}

/** Creates the answers to "who calls?". */
export const createCallers = ({ store, cookie, clock, hasSecondFactor, loginUrl }: CallersDeps): Callers => {
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

  return {
    mustHaveToken,
    mustBeLive,
    hasToken: (call) => findPresentedToken(call, cookie) !== undefined,
    find,
    must: async (call) => {
      const { credential, digest } = mustHaveToken(call);
      return mustBeLive(await store.findByToken(digest), credential);
    },
    mustSatisfyAal: (caller, required, returnTo) => {
      if (required === "aal1" || sessionAal(caller.session) === 2 || !hasSecondFactor(caller)) return;
      const location = loginUrl({ aal: "aal2", ...(returnTo !== undefined && { return_to: returnTo }) });
      throw serviceError("AAL2_REQUIRED", {
        explain: "The session has to be raised by a second factor.",
        details: { redirect_browser_to: location },
        siblings: { redirect_browser_to: location },
        location,
      });
    },
  };
};
