import { isDuplicate } from "../../db/sql-error.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Authenticated } from "../../methods/contract/authentication.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import { renderSession } from "../../session/render.ts";
import { signInBrowser } from "../../session/sign-in-browser.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AuthenticationContext, SignInSteps, WrittenEnd } from "../authentication/complete.ts";
import { destinationOf } from "../authentication/destination.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import { AlreadyConsumed, alreadyConsumed } from "../shared/consume.ts";
import { pageToContinueWith, redirectTo } from "../shared/continue-with.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";
import { CannotLink } from "./link-account.ts";
import { createWriteSignIn, type SignIn, type WrittenSignIn } from "./write-sign-in.ts";

/**
 * Signs a person in who was authenticated: a new session, or the same
 * one renewed when it is theirs already. What waited for the owner of the
 * account is linked with it. Browsers get the cookie, native apps the token.
 */
export const createApproveSignIn = (deps: LoginDeps): SignInSteps["approve"] => {
  const {
    storage: { db },
    sessions: { issuer: sessions },
    forms: { hookFlow },
    login: { config, hooks },
  } = deps;
  const write = createWriteSignIn(deps);
  const render = createRenderSignIn(deps);

  /** A live session of the same person is renewed, where the flow is about that. */
  const renewedBy = ({ caller, flow }: AuthenticationContext, { identity }: Authenticated) => {
    const { refresh, requestedAal } = loginContext(flow);
    return caller?.identity.id === identity.id && (refresh || requestedAal === 2) ? caller : undefined;
  };

  return async (context, authenticated) => {
    const { flow, caller, method, call, transientPayload } = context;
    const { identity, amr } = authenticated;
    const destination = destinationOf(deps.destinations, config.after, context);
    const renews = renewedBy(context, authenticated);
    const { session } = renews ?? sessions.prepare(identity, [amr], call);
    const hooked = { flow: hookFlow(flow, caller), method, call, transientPayload, previous: identity };
    const approved = await runBeforePersistHooks(deps, deps.login.hooks, identity, {}, { ...hooked, session });
    if (approved.kind === "rejected") return approved;

    const { revision } = approved;
    const signIn: SignIn = {
      context,
      authenticated,
      renews,
      sessionId: session.id,
      hooked,
      ...(revision && { revision: { version: identity.version, change: revision } }),
    };
    return {
      kind: "approved",
      write: async () => {
        let written: WrittenSignIn;
        try {
          written = await db.transaction((tx) => write(tx, signIn));
        } catch (thrown) {
          return failed(thrown, flow);
        }
        return {
          kind: "written",
          afterCommit: () => hooks.afterCommit(written.context),
          render: (continueWith) => render(context, written, destination, continueWith),
        };
      },
    };
  };
};

/** Renders a sign-in that is written, with the cookies of a browser. */
const createRenderSignIn = (deps: LoginDeps) => {
  const {
    storage: { clock },
    sessions,
    forms: { schemas },
    login: { requiredAal },
  } = deps;
  const { callers } = sessions;
  return (
    { flow, caller, call }: AuthenticationContext,
    { issued, trusted, linkWaits }: WrittenSignIn,
    destination: string,
    continueWith: Parameters<WrittenEnd["render"]>[0],
  ): FlowCompleted => {
    // Who still owes a second factor does not learn more of the account than that.
    const owed = callers.aal.owed(issued, requiredAal, returnToOf(flow));
    const next = owed ?? (linkWaits ? callers.aal.stepUp(issued, "highest_available", returnToOf(flow)) : undefined);
    const identity = owed ? undefined : renderIdentity(issued.identity, schemas.urlOf(issued.identity.schemaId));
    const session = renderSession(issued, identity, clock.now());
    if (flow.type === "api")
      return {
        kind: "completed",
        session,
        sessionToken: issued.token,
        continueWith: [...continueWith],
        redirectBrowserTo: "",
      };

    signInBrowser(sessions, call, issued, { now: clock.now(), keepsSecretOf: caller?.identity.id });
    if (trusted) sessions.trustedDevices.remember(call, issued.identity.id, trusted);
    if (next?.parts.location !== undefined)
      return { kind: "completed", continueWith: [], redirectBrowserTo: next.parts.location };
    return {
      kind: "completed",
      session,
      continueWith: [redirectTo(destination), ...continueWith],
      redirectBrowserTo: pageToContinueWith(continueWith) ?? destination,
    };
  };
};

/** How it ended when nothing was written. */
const failed = (thrown: unknown, flow: FlowRecord): Rejected | ConcurrentChange => {
  if (thrown instanceof ConcurrentChangeError) return concurrentChange;
  if (thrown instanceof CannotLink) return thrown.rejected;
  if (thrown instanceof AlreadyConsumed) return alreadyConsumed;
  if (!isDuplicate(thrown)) throw thrown;
  // What a provider says about a person keeps nobody from signing in: looked at again, it is someone else's.
  return accountLinkOf(flow) ? rejected([{ node: "", text: uiText(messages.identifierTaken) }]) : concurrentChange;
};
