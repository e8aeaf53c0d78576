import type { UpdateFlowResponse } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { fail } from "../../errors/service-error.ts";
import { apply } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { presentIdentity } from "../../identity/present.ts";
import type { Call } from "../../lib/call.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Proven } from "../../methods/method.ts";
import type { Caller } from "../../session/caller.ts";
import type { Issued } from "../../session/issue.ts";
import { presentSession } from "../../session/present.ts";
import { redirectTo } from "../continue-with.ts";
import { type FlowRecord, returnToOf } from "../flow.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/**
 * Signs a person in who has proven who they are: a new session, or the same
 * one renewed when it is theirs already. Browsers get the cookie, native apps
 * the token.
 */
export const createSignIn = (deps: LoginDeps) => {
  const { db, clock, config, csrf, defaultReturnUrl, hooks, identities, returnTo, schemas, sessionCookie, sessions } = deps;

  /** Writes what changes along with signing in; gives the person as they are then. */
  const writeProven = async (tx: Sql, { identity, change, secrets = {} }: Proven): Promise<IdentityRecord> => {
    const now = clock.now();
    for (const [type, secret] of Object.entries(secrets)) await identities.putSecret(tx, identity.id, type, secret, now);
    if (change === undefined) return identity;
    const after = apply(identity, change, { now, newId: uuid4 });
    if (!(await identities.update(tx, identity, after))) throw fail("ETAG_MISMATCH", { explain: "The account was changed at the same time. Try again." });
    for (const { type, config: secret } of change.credentials ?? []) await identities.putSecret(tx, identity.id, type, secret, now);
    return after;
  };

  return async (flow: FlowRecord, caller: Caller | undefined, method: string, proven: Proven, call: Call): Promise<UpdateFlowResponse> => {
    const { refresh, requestedAal } = loginContext(flow);
    const same = caller?.identity.id === proven.identity.id ? caller : undefined;
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;

    const issued = await db.transaction(async (tx): Promise<Issued> => {
      const identity = await writeProven(tx, proven);
      const renewed = same && (refresh || requestedAal === 2) ? await sessions.renew(tx, { ...same, identity }, proven.proof) : undefined;
      const session = renewed ?? (await sessions.begin(tx, identity, proven.proof, call));
      for (const hook of hooks.after(method)) await hook.afterLogin?.(tx, { identity, session: session.session, call });
      return session;
    });

    const schema = schemas.must(issued.identity.schemaId);
    const session = presentSession(issued, presentIdentity(issued.identity, schema.url), clock.now());
    const response: UpdateFlowResponse = { $typeName: "ostiary.login.v1.UpdateFlowResponse", session, continueWith: [], redirectBrowserTo: "" };
    if (flow.type === "api") return { ...response, sessionToken: issued.token };

    sessionCookie.hand(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
    // A secret that someone else may know must not outlive the change of person;
    // the same person keeps theirs, so that forms already open stay good.
    if (same === undefined) csrf.rotate(call);
    return { ...response, continueWith: [redirectTo(destination)], redirectBrowserTo: destination };
  };
};
