import { isDuplicate } from "../../db/sql-error.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Authenticated } from "../../methods/contract/authentication.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import type { Issued } from "../../session/issue.ts";
import { renderSession } from "../../session/render.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AuthenticationContext } from "../authentication/complete.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../shared/concurrent-change.ts";
import { AlreadyConsumed, alreadyConsumed } from "../shared/consume.ts";
import { redirectTo } from "../shared/continue-with.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import type { LoginDeps } from "./deps.ts";
import { CannotLink, createWriteSignIn } from "./write-sign-in.ts";

/**
 * Signs a person in who was authenticated: a new session, or the same
 * one renewed when it is theirs already. What waited for the owner of the
 * account is linked with it. Browsers get the cookie, native apps the token.
 */
export const createSignIn = (deps: LoginDeps) => {
  const { db, clock, config, csrf, defaultReturnUrl, devices, returnTo, schemas, sessionCookie } = deps;
  const write = createWriteSignIn(deps);

  return async (
    context: AuthenticationContext,
    authenticated: Authenticated,
  ): Promise<FlowCompleted | Rejected | ConcurrentChange> => {
    const { flow, caller, method, call } = context;
    const same = caller?.identity.id === authenticated.identity.id ? caller : undefined;
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;

    let issued: Issued;
    try {
      issued = await db.transaction((tx) => write(tx, context, authenticated, same));
    } catch (thrown) {
      return failed(thrown, flow);
    }

    const schema = schemas.must(issued.identity.schemaId);
    const session = renderSession(issued, renderIdentity(issued.identity, schema.url), clock.now());
    if (flow.type === "api")
      return { kind: "completed", session, sessionToken: issued.token, continueWith: [], redirectBrowserTo: "" };

    sessionCookie.set(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
    devices.remember(call, issued.identity.id);
    // A secret that someone else may know must not outlive the change of person;
    // the same person keeps theirs, so that forms already open stay good.
    if (same === undefined) csrf.rotate(call);
    return { kind: "completed", session, continueWith: [redirectTo(destination)], redirectBrowserTo: destination };
  };
};

/** How it ended when nothing was written. */
const failed = (thrown: unknown, flow: FlowRecord): Rejected | ConcurrentChange => {
  if (thrown instanceof ConcurrentChangeError) return concurrentChange;
  if (thrown instanceof CannotLink) return thrown.rejected;
  if (thrown instanceof AlreadyConsumed) return alreadyConsumed;
  if (!isDuplicate(thrown)) throw thrown;
  // What a provider tells of a person keeps nobody from signing in: looked at again, it is someone else's.
  return accountLinkOf(flow) ? rejected([{ node: "", text: uiText(messages.identifierTaken) }]) : concurrentChange;
};
