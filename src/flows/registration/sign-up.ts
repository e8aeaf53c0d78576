import type { JsonObject } from "@bufbuild/protobuf";
import { isDuplicate } from "../../db/sql-error.ts";
import { apply } from "../../identity/apply.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import type { Rejected } from "../../methods/contract/result.ts";
import { renderSession } from "../../session/render.ts";
import type { SignUpSteps } from "../authentication/complete.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../shared/concurrent-change.ts";
import { AlreadyConsumed, alreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import { redirectTo, setSessionToken } from "../shared/continue-with.ts";
import { returnToOf } from "../shared/flow.ts";
import { schemaOf } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";

/**
 * Writes a new person, and signs them in at once where the `session` hook is
 * configured: browsers get the cookie, native apps the token.
 */
export const createSignUp = (deps: RegistrationDeps): SignUpSteps["signUp"] => {
  const {
    db,
    clock,
    config,
    csrf,
    defaultReturnUrl,
    devices,
    flows,
    hooks,
    identities,
    limit,
    returnTo,
    schemas,
    sessionCookie,
    sessions,
  } = deps;

  return async ({ flow, method, call, fetches }, { traits, credentials, extra, amr, consume }) => {
    mustBeEnabled(config);
    const now = clock.now();
    const schema = schemaOf(schemas, flow);
    const identity = apply(blank(uuid7(now), schema.id, now), { traits, credentials, ...extra }, { now, newId: uuid4 });
    const secrets = Object.fromEntries(
      credentials.flatMap(({ type, config: secret }): [string, JsonObject][] =>
        secret === null ? [] : [[type, secret]],
      ),
    );
    const destination =
      returnTo.must(returnToOf(flow)) ??
      config.after.methods[method]?.default_browser_return_url ??
      config.after.default_browser_return_url ??
      defaultReturnUrl;

    try {
      const issued = await db.transaction(async (tx) => {
        if (!(await flows.lockOpen(tx, flow, clock.now()))) throw new ConcurrentChangeError("the flow is over");
        await consumeOrThrow(tx, consume);
        await limit.consumeOrThrow(tx, call.remoteAddress);
        await identities.insert(tx, identity, secrets);
        // A native app fetches its session: it gets one whatever is configured.
        let begun = fetches ? await sessions.begin(tx, identity, [amr], call) : undefined;
        const beginSession = async () => {
          begun ??= await sessions.begin(tx, identity, [amr], call);
        };
        const context = {
          flow: "registration",
          method,
          call,
          identity,
          session: begun?.session,
          beginSession,
        } as const;
        await hooks.inTransaction(tx, context);
        return begun;
      });

      const rendered = renderIdentity(identity, schema.url);
      const session = issued && renderSession(issued, rendered, clock.now());
      if (flow.type === "api") {
        if (issued === undefined)
          return { kind: "completed", identity: rendered, continueWith: [], redirectBrowserTo: "" };
        const { token } = issued;
        return {
          kind: "completed",
          ...(session && { session }),
          identity: rendered,
          sessionToken: token,
          continueWith: [setSessionToken(token)],
          redirectBrowserTo: "",
        };
      }
      // A secret that someone else may know must not outlive the change of person.
      csrf.rotate(call);
      if (issued === undefined)
        return { kind: "completed", identity: rendered, continueWith: [], redirectBrowserTo: destination };
      sessionCookie.set(call, { token: issued.token, expiresAt: issued.session.expiresAt }, clock.now());
      devices.remember(call, issued.identity.id);
      return {
        kind: "completed",
        ...(session && { session }),
        identity: rendered,
        continueWith: [redirectTo(destination)],
        redirectBrowserTo: destination,
      };
    } catch (thrown) {
      return failed(thrown);
    }
  };
};

/** How it ended when nothing was written. */
const failed = (thrown: unknown): Rejected | ConcurrentChange | { readonly kind: "conflict" } => {
  if (thrown instanceof AlreadyConsumed) return alreadyConsumed;
  if (thrown instanceof ConcurrentChangeError) return concurrentChange;
  if (isDuplicate(thrown)) return { kind: "conflict" };
  throw thrown;
};

const blank = (id: string, schemaId: string, now: Date): IdentityRecord => ({
  id,
  externalId: undefined,
  schemaId,
  state: "active",
  stateChangedAt: now,
  traits: {},
  verifiable: [],
  recovery: [],
  credentials: {},
  metadataPublic: null,
  metadataAdmin: null,
  organizationId: undefined,
  version: 0,
  createdAt: now,
  updatedAt: now,
});
