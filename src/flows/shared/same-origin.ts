import type { Call } from "../../lib/call.ts";
import type { Csrf } from "../../session/csrf.ts";
import { cookieNames } from "../../session/read-cookie.ts";
import type { FlowRecord } from "./flow.ts";

/** Cookies that a content delivery network adds to any request. */
const harmless = /^(?:__cf|_cf|cf_)/;

/**
 * Why a native app's flow must not be submitted this way; undefined when it may.
 *
 * A native app sends neither `Origin` nor cookies. Whatever does is a browser
 * that someone may have led here, so it is refused (docs/compatibility.md, rule 4).
 */
const foreignToApi = (call: Call): string | undefined => {
  if (call.headers.origin !== undefined)
    return "The HTTP request header Origin is set, but flows of native apps must not be submitted by a browser.";
  const cookies = cookieNames(call).filter((name) => !harmless.test(name));
  if (cookies.length > 0)
    return "The HTTP request contains cookies, but flows of native apps must not be submitted by a browser.";
  return undefined;
};

/**
 * The anti-CSRF step of every submit. Returns why an API flow is refused, which
 * the form then shows.
 *
 * @throws CSRF_VIOLATION in a browser flow
 */
export const checkOrigin = (csrf: Csrf, call: Call, flow: FlowRecord, token: string): string | undefined => {
  if (flow.type === "api") return foreignToApi(call);
  csrf.mustMatch(call, token);
  return undefined;
};

/**
 * A flow that is nobody's from the start belongs to the browser that created
 * it: whoever is led to another's form does not submit it.
 *
 * @throws CSRF_VIOLATION in a flow of another browser
 */
export const requireSameBrowser = (csrf: Csrf, call: Call, flow: FlowRecord): void => {
  if (flow.type === "browser") csrf.mustBeCreator(call, flow.csrfDigest);
};
