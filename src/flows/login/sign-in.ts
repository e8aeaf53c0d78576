import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import { serviceError } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Authenticated, LinkedAccount } from "../../methods/contract/authentication.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import type { Issued } from "../../session/issue.ts";
import { renderSession } from "../../session/render.ts";
import { messages, uiText } from "../../ui/messages.ts";
import {
  AlreadyConsumed,
  type AuthenticationContext,
  alreadyConsumed,
  consumeOrThrow,
  type FlowCompleted,
} from "../authentication/complete.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import { redirectTo } from "../shared/continue-with.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/**
 * Signs a person in who has proven who they are: a new session, or the same
 * one renewed when it is theirs already. What waited for the owner of the
 * account is linked with it. Browsers get the cookie, native apps the token.
 */
export const createSignIn = (deps: LoginDeps) => {
  const {
    audit,
    db,
    clock,
    config,
    csrf,
    defaultReturnUrl,
    hooks,
    identities,
    methods,
    pendingAccountLinks,
    returnTo,
    schemas,
    sessionCookie,
    sessions,
  } = deps;

  /** Writes what changes along with signing in; gives the person as they are then. */
  const writeProven = async (
    tx: Sql,
    { identity, secrets = {} }: Authenticated,
    changes: readonly Change[],
  ): Promise<IdentityRecord> => {
    const now = clock.now();
    for (const [type, secret] of Object.entries(secrets))
      await identities.putSecret(tx, identity.id, type, secret, now);
    if (changes.length === 0) return identity;
    const after = changes.reduce((before, change) => apply(before, change, { now, newId: uuid4 }), identity);
    if (!(await identities.update(tx, identity, after)))
      throw serviceError("ETAG_MISMATCH", { explain: "The account was changed at the same time. Try again." });
    for (const { type, config: secret } of changes.flatMap(({ credentials = [] }) => credentials))
      await identities.putSecret(tx, identity.id, type, secret, now);
    return after;
  };

  /** What waits for the owner of this account; nobody else may have it. */
  const linkAccount = async (
    flow: FlowRecord,
    { identity }: Authenticated,
  ): Promise<LinkedAccount | Rejected | undefined> => {
    const accountLink = accountLinkOf(flow);
    if (accountLink === undefined) return undefined;
    const pending = pendingAccountLinks.open(flow);
    if (pending === undefined)
      return rejected([
        {
          node: "",
          text: uiText(messages.invalid, {
            reason: "What was to be linked is not there any more. Please start again.",
          }),
        },
      ]);
    if (pending.ownerId !== identity.id) return rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]);
    return (methods as Readonly<Record<string, LoginMethod>>)[accountLink.method]?.linkAccount?.(
      pending.linkState,
      identity,
    );
  };

  return async (
    { flow, caller, method, call }: AuthenticationContext,
    authenticated: Authenticated,
  ): Promise<FlowCompleted | Rejected> => {
    const { refresh, requestedAal } = loginContext(flow);
    const same = caller?.identity.id === authenticated.identity.id ? caller : undefined;
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;
    const linked = await linkAccount(flow, authenticated);
    if (linked?.kind === "rejected") return linked;
    const changes = [authenticated.change, linked?.change].filter((change) => change !== undefined);
    const amr = [authenticated.amr, ...(linked ? [linked.amr] : [])];

    let issued: Issued;
    try {
      issued = await db.transaction(async (tx): Promise<Issued> => {
        await consumeOrThrow(tx, authenticated.consume);
        const identity = await writeProven(tx, authenticated, changes);
        const renewed =
          same && (refresh || requestedAal === 2) ? await sessions.renew(tx, { ...same, identity }, amr) : undefined;
        const session = renewed ?? (await sessions.begin(tx, identity, amr, call));
        if (linked)
          await audit.record(
            tx,
            { identityId: identity.id, sessionId: session.session.id, outcome: "done", ...linked.event },
            call,
          );
        for (const hook of hooks.after(method))
          await hook.afterLogin?.(tx, { identity, session: session.session, call });
        return session;
      });
    } catch (thrown) {
      if (thrown instanceof AlreadyConsumed) return alreadyConsumed;
      if (isDuplicate(thrown)) return rejected([{ node: "", text: uiText(messages.identifierTaken) }]);
      throw thrown;
    }

    const schema = schemas.must(issued.identity.schemaId);
    const session = renderSession(issued, renderIdentity(issued.identity, schema.url), clock.now());
    if (flow.type === "api")
      return { kind: "completed", session, sessionToken: issued.token, continueWith: [], redirectBrowserTo: "" };

    sessionCookie.set(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
    // A secret that someone else may know must not outlive the change of person;
    // the same person keeps theirs, so that forms already open stay good.
    if (same === undefined) csrf.rotate(call);
    return { kind: "completed", session, continueWith: [redirectTo(destination)], redirectBrowserTo: destination };
  };
};
