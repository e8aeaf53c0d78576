import { isDeepStrictEqual } from "node:util";
import type { EventContent } from "../../audit/event-types.ts";
import type { Sql } from "../../db/sql.ts";
import type { ChangeContext, WrittenContext } from "../../hooks/phases.ts";
import { apply } from "../../identity/apply.ts";
import { ConcurrentChangeError } from "../../identity/concurrent-change.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Authenticated, CredentialUse } from "../../methods/contract/authentication.ts";
import type { Caller } from "../../session/caller.ts";
import type { Issued } from "../../session/issue.ts";
import { endRestingOnCredentials } from "../../session/resting-on-credentials.ts";
import { TRUSTED_DEVICE } from "../../session/session.ts";
import type { TrustedDevice } from "../../session/trusted-devices.ts";
import type { AuthenticationContext } from "../authentication/complete.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import { acceptInvitation } from "../shared/accept-invitation.ts";
import { changeEvent } from "../shared/change-event.ts";
import { consumeOrThrow } from "../shared/consume.ts";
import { type FlowRecord, holdsWhatWasTyped } from "../shared/flow.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";
import { createLinkAccount } from "./link-account.ts";
import { createSecondFactor } from "./second-factor.ts";
import { createUpdateIdentity } from "./update-identity.ts";

/** A sign-in that is to be written. */
export interface SignIn {
  readonly context: AuthenticationContext;
  readonly authenticated: Authenticated;
  /** The live session that is renewed; undefined: a new one begins. */
  readonly renews: Caller | undefined;
  /** The id of the session, as hooks have seen it. */
  readonly sessionId: string;
  /** What hooks see beside the person and the session. */
  readonly hooked: Pick<ChangeContext, "flow" | "method" | "call" | "transientPayload" | "previous">;
  /** What hooks change in the person, made of this version of them. */
  readonly revision?: { readonly version: number; readonly change: Change };
}

/** A sign-in as it was written. */
export interface WrittenSignIn {
  readonly issued: Issued;
  /** The browser that is trusted from now on. */
  readonly trusted: TrustedDevice | undefined;
  /** What was to be linked waits until the session has the second factor of its owner. */
  readonly linkWaits: boolean;
  readonly context: WrittenContext;
}

/** Writes a sign-in, in the transaction that it is given. @throws ConcurrentChangeError, CannotLink, AlreadyConsumed */
export type WriteSignIn = (tx: Sql, signIn: SignIn) => Promise<WrittenSignIn>;

/**
 * Creates the transaction of a sign-in: lock the person → the flow is open → the
 * credential is the one that was verified → what can be used once → what changes
 * along with it → session → hooks. Nothing that was found out before is believed
 * without another look.
 */
export const createWriteSignIn = (deps: LoginDeps): WriteSignIn => {
  const {
    storage: { clock, flows, identities, pendingAddresses },
    trail: { audit },
    sessions: { issuer: sessions, trustedDevices },
    login: { hooks },
  } = deps;
  const secondFactor = createSecondFactor(deps);
  const linkAccount = createLinkAccount(deps);
  const updateIdentity = createUpdateIdentity(deps);

  /**
   * Locks person, flow and credential until the transaction ends.
   *
   * @throws ConcurrentChangeError unless they are those that were verified
   */
  const lockAndRecheck = async (
    tx: Sql,
    flow: FlowRecord,
    { identity, verified, completesFlow }: Authenticated,
    now: Date,
  ): Promise<void> => {
    const { type, version, renewed } = verified;
    const holds =
      (await identities.tryLockActive(tx, identity.id)) &&
      (await (completesFlow ? flows.complete : flows.lockOpen)(tx, flow, now)) &&
      (renewed === undefined
        ? await identities.hasSecret(tx, identity.id, type, version)
        : await identities.putSecret(tx, identity.id, { type, config: renewed, replaces: version }, now));
    if (!holds) throw new ConcurrentChangeError("not as it was read");
  };

  /** Writes what changes along with signing in; returns the person as they are then. */
  const writeChanges = async (
    tx: Sql,
    before: IdentityRecord,
    changes: readonly Change[],
    now: Date,
  ): Promise<IdentityRecord> => {
    if (changes.length === 0) return before;
    const after = changes.reduce((person, change) => apply(person, change, { now, newId: uuid4 }), before);
    const credentials = changes.flatMap((change) => change.credentials ?? []);
    if (!(await identities.update(tx, before, after))) throw new ConcurrentChangeError("not as it was read");
    for (const credential of credentials)
      if (!(await identities.putSecret(tx, after.id, credential, now)))
        throw new ConcurrentChangeError("not as it was read");
    return after;
  };

  /** What changes along with signing in, what was linked, and what waits for the second factor. */
  const change = async (tx: Sql, signIn: SignIn, now: Date) => {
    const { authenticated, context, revision } = signIn;
    const { identity, change: changeOf, recheck, update } = authenticated;
    const waited = await secondFactor.find(tx, signIn);
    const isLinking = accountLinkOf(context.flow) !== undefined;
    if (!isLinking && [changeOf, update, revision, waited].every((each) => each === undefined)) return { identity };
    const before = await identities.find(tx, identity.id);
    if (before === undefined) throw new ConcurrentChangeError("the person is gone");
    if (recheck?.(before) === false) throw new ConcurrentChangeError("the person has changed");
    if (revision !== undefined && revision.version !== before.version)
      throw new ConcurrentChangeError("hooks have seen another version of the person");
    const second = {
      isReached: secondFactor.isReached(signIn, before),
      waiting: (await waited?.(before)) ?? {},
    };
    const { linked, waits: accountLink } = await linkAccount(tx, context.flow, before, second);
    const updating = await updateIdentity(tx, signIn, before, second);
    if (accountLink || updating.waits) await secondFactor.park(tx, signIn, { accountLink, update: updating.waits });
    const use = changeOf && changeOfUse(authenticated.verified.type, changeOf(before));
    const others = [updating.change, linked?.change, revision?.change].filter((each) => each !== undefined);
    const changes = [...(use ? [use] : []), ...others];
    const [proven] = changes.flatMap(({ verified = [] }) => verified);
    const after = await writeChanges(tx, before, changes, now);
    // To use a credential changes nothing of what the person signs in with, whatever is written of it.
    const changesCredentials = others.some(({ credentials = [] }) => credentials.length > 0);
    return {
      before,
      identity: after,
      untrusted: changesCredentials
        ? await endRestingOnCredentials({ pendingAddresses, trustedDevices }, tx, after.id, { by: "owner" })
        : undefined,
      event: updating.change && eventOf(before, updating.change, now),
      linked,
      linkWaits: accountLink !== undefined,
      proven,
    };
  };

  /** The event of a change by the data of a provider. */
  const eventOf = (before: IdentityRecord, told: Change, now: Date): EventContent | undefined => {
    const after = apply(before, told, { now, newId: uuid4 });
    return changeEvent(before, after, !audit.hasReceivers || isDeepStrictEqual(before.traits, after.traits));
  };

  /**
   * A trusted browser stands in for the second factor of a new session, but not where something is to be linked; one
   * is trusted where that is given.
   */
  const trustOf = async (tx: Sql, signIn: SignIn, identity: IdentityRecord, linkWaits: boolean) => {
    const { context, authenticated, renews } = signIn;
    const { flow, call, trustsDevice } = context;
    const { amr } = authenticated;
    if (!trustedDevices.enabled || flow.type === "api") return { amr: [], device: undefined };
    const isSecondStep = amr.aal === "aal2" && loginContext(flow).requestedAal === 2;
    if (isSecondStep && trustsDevice && secondFactor.isReached(signIn, identity))
      return { amr: [], device: await trustedDevices.trust(tx, call, identity.id) };
    const stands =
      !linkWaits &&
      renews === undefined &&
      amr.aal === "aal1" &&
      (await trustedDevices.isTrusted(tx, call, identity.id));
    return { amr: stands ? [{ method: TRUSTED_DEVICE, aal: "aal2" } as const] : [], device: undefined };
  };

  const recordSignIn = async (
    tx: Sql,
    { authenticated: { amr }, context: { call }, renews }: SignIn,
    { session }: Issued,
    trusted: TrustedDevice | undefined,
  ): Promise<void> => {
    const about = { identityId: session.identityId, sessionId: session.id, outcome: "done" } as const;
    const { method, aal, provider, via } = amr;
    const detail = { method, aal, ...(provider !== undefined && { provider }), ...(via !== undefined && { via }) };
    await audit.record(tx, { ...about, type: renews ? "session.reauthenticated" : "login.succeeded", detail }, call);
    if (trusted) await audit.record(tx, { ...about, type: "device.trusted", detail: { subject: trusted.id } }, call);
  };

  return async (tx, signIn) => {
    const { authenticated, context, hooked, renews } = signIn;
    const { flow, call } = context;
    const now = clock.now();
    await lockAndRecheck(tx, flow, authenticated, now);
    await consumeOrThrow(tx, authenticated.consume);
    const changed = await change(tx, signIn, now);
    const { before, identity, linked, linkWaits = false, proven } = changed;
    if (holdsWhatWasTyped(flow)) await flows.forget(tx, flow, identity.id);
    const trust = await trustOf(tx, signIn, identity, linkWaits);
    const amr = [authenticated.amr, ...(linked ? [linked.amr] : []), ...trust.amr];
    const issued = renews
      ? await sessions[renewsInPlace(flow) ? "raise" : "renew"](
          tx,
          { ...renews, identity },
          renews.credential.token,
          amr,
        )
      : await sessions.begin(tx, identity, amr, call, signIn.sessionId);
    if (issued === undefined) throw new ConcurrentChangeError("the session is over");
    const about = { identityId: identity.id, sessionId: issued.session.id, outcome: "done" } as const;
    for (const each of [linked?.event, changed.event, changed.untrusted])
      if (each !== undefined) await audit.record(tx, { ...about, ...each }, call);
    await recordSignIn(tx, signIn, issued, trust.device);
    if (proven) {
      const owner = { identityId: identity.id, sessionId: issued.session.id, address: proven, call };
      await acceptInvitation(tx, owner, { audit, now });
    }
    const written: WrittenContext = {
      ...hooked,
      ...(before && { previous: before }),
      identity,
      session: issued.session,
      verifications: [],
      event: linked?.event,
    };
    await hooks.inTransaction(tx, written);
    return { issued, context: written, trusted: trust.device, linkWaits };
  };
};

const changeOfUse = (type: string, { credential, verified }: CredentialUse): Change => ({
  ...(credential && { credentials: [{ ...credential, type }] }),
  ...(verified && { verified }),
});

/** A native app goes on with its token after a second step. */
const renewsInPlace = (flow: FlowRecord): boolean => flow.type === "api" && loginContext(flow).requestedAal === 2;
