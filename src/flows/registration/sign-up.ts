import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Sql } from "../../db/sql.ts";
import { isDuplicate } from "../../db/sql-error.ts";
import type { ChangeContext, WrittenContext } from "../../hooks/phases.ts";
import { apply } from "../../identity/apply.ts";
import { blankIdentity } from "../../identity/blank.ts";
import { type ConcurrentChange, ConcurrentChangeError, concurrentChange } from "../../identity/concurrent-change.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import { uuid4, uuid7 } from "../../lib/ids.ts";
import type { RegistrationResult } from "../../methods/contract/authentication.ts";
import type { Rejected } from "../../methods/contract/result.ts";
import type { Issued } from "../../session/issue.ts";
import { renderSession } from "../../session/render.ts";
import { signInBrowser } from "../../session/sign-in-browser.ts";
import type { AuthenticationContext, IdentifierTaken, SignUpSteps } from "../authentication/complete.ts";
import { destinationOf } from "../authentication/destination.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import { AlreadyConsumed, alreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import { pageToContinueWith, redirectTo, setSessionToken } from "../shared/continue-with.ts";
import { holdsWhatWasTyped } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";
import { schemaOf } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";

/** A sign-up as it was written. */
interface WrittenSignUp {
  readonly identity: IdentityRecord;
  /** Undefined where none was begun. */
  readonly issued: Issued | undefined;
  readonly context: WrittenContext;
}

/**
 * Writes a new person, and signs them in at once where the `session` hook is
 * configured: browsers get the cookie, native apps the token.
 */
export const createApproveSignUp = (deps: RegistrationDeps): SignUpSteps["approve"] => {
  const {
    storage: { clock, db },
    forms: { hookFlow, schemas },
    registration: { config, hooks },
  } = deps;
  const write = createWriteSignUp(deps);
  const render = createRenderSignUp(deps);

  return async (context, registered) => {
    const { flow, method, call, transientPayload } = context;
    mustBeEnabled(config);
    const destination = destinationOf(deps.destinations, config.after, context);
    const now = clock.now();
    const empty = blankIdentity(uuid7(now), schemaOf(schemas, flow).id, now);
    const { traits, credentials, extra, submittedValues } = registered;
    const hooked = { flow: hookFlow(flow), method, call, transientPayload, previous: undefined };
    const change = { traits, credentials, ...extra };
    const approved = await runBeforePersistHooks(deps, deps.registration.hooks, empty, change, {
      ...hooked,
      session: undefined,
    });
    if (approved.kind === "rejected") return { ...approved, submittedValues };

    const identity = apply(empty, { ...change, ...approved.revision }, { now: clock.now(), newId: uuid4 });
    return {
      kind: "approved",
      write: async () => {
        let written: WrittenSignUp;
        try {
          written = await db.transaction((tx) => write(tx, context, registered, { ...hooked, identity }));
        } catch (thrown) {
          return failed(thrown);
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

/** Creates the transaction of a sign-up. @throws ConcurrentChangeError, AlreadyConsumed, RATE_LIMITED */
const createWriteSignUp =
  ({
    storage: { clock, flows, identities },
    trail: { audit },
    sessions: { csrf, issuer: sessions },
    registration: { hooks, limit },
  }: RegistrationDeps) =>
  async (
    tx: Sql,
    { flow, call, fetches }: AuthenticationContext,
    { amr, consume, credentials, completesFlow }: RegistrationResult,
    hooked: Omit<ChangeContext, "session">,
  ): Promise<WrittenSignUp> => {
    const { identity } = hooked;
    const secrets = Object.fromEntries(
      credentials.flatMap(({ type, config: secret }): [string, JsonObject][] =>
        secret === null ? [] : [[type, secret]],
      ),
    );
    if (!(await (completesFlow ? flows.complete : flows.lockOpen)(tx, flow, clock.now())))
      throw new ConcurrentChangeError("the flow is over");
    await consumeOrThrow(tx, consume);
    await limit.consumeOrThrow(tx, call.remoteAddress);
    await identities.insert(tx, identity, secrets);
    const { method, provider } = amr;
    // Whom a hook disabled has an account, and no session.
    const mayEnter = identity.state === "active";
    const about = { identityId: identity.id, sessionId: undefined, outcome: "done" } as const;
    const detail = { method, ...(provider !== undefined && { provider }) };
    await audit.record(tx, { ...about, type: "registration.succeeded", detail }, call);
    if (!mayEnter) await audit.record(tx, { ...about, type: "identity.disabled" }, call);
    if (holdsWhatWasTyped(flow)) await flows.forget(tx, flow, identity.id);
    // A native app fetches its session: it gets one whatever is configured.
    let issued = fetches && mayEnter ? await sessions.begin(tx, identity, [amr], call) : undefined;
    // Flows that hooks begin are bound to the secret that the browser gets with the answer.
    const nextSecret = flow.type === "browser" ? csrf.draw() : undefined;
    const context: WrittenContext & { session: WrittenContext["session"] } = {
      ...hooked,
      nextSecret,
      session: issued?.session,
      beginSession: async () => {
        if (mayEnter) issued ??= await sessions.begin(tx, identity, [amr], call);
        // Hooks that run later see it.
        context.session = issued?.session;
      },
      verifications: [],
    };
    await hooks.inTransaction(tx, context);
    return { identity, issued, context };
  };

/** Renders a sign-up that is written, with the cookies of a browser. */
const createRenderSignUp =
  ({ storage: { clock }, sessions, forms: { schemas } }: RegistrationDeps) =>
  (
    { flow, call }: AuthenticationContext,
    { identity, issued, context }: WrittenSignUp,
    destination: string,
    continueWith: readonly ContinueWith[],
  ): FlowCompleted => {
    const rendered = renderIdentity(identity, schemas.urlOf(identity.schemaId));
    const session = issued && renderSession(issued, rendered, clock.now());
    const completed = { kind: "completed", ...(session && { session }), identity: rendered } as const;
    if (flow.type === "api")
      return {
        ...completed,
        ...(issued && { sessionToken: issued.token }),
        continueWith: [...continueWith, ...(issued ? [setSessionToken(issued.token)] : [])],
        redirectBrowserTo: "",
      };
    const { nextSecret } = context;
    if (issued) signInBrowser(sessions, call, issued, { now: clock.now(), nextSecret });
    else sessions.csrf.rotate(call, nextSecret);
    return {
      ...completed,
      continueWith: [...(issued ? [redirectTo(destination)] : []), ...continueWith],
      redirectBrowserTo: pageToContinueWith(continueWith) ?? destination,
    };
  };

/** How it ended when nothing was written. */
const failed = (thrown: unknown): Rejected | ConcurrentChange | IdentifierTaken => {
  if (thrown instanceof AlreadyConsumed) return alreadyConsumed;
  if (thrown instanceof ConcurrentChangeError) return concurrentChange;
  if (isDuplicate(thrown)) return { kind: "identifier_taken" };
  throw thrown;
};
