import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinuationBinding } from "../../continuation/continuation.ts";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Authenticated, LinkedAccount } from "../../methods/contract/authentication.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import { type Rejected, rejected } from "../../methods/contract/result.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { AuthenticationContext } from "../authentication/complete.ts";
import { accountLinkOf, type PendingAccountLink } from "../authentication/pending-account-link.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/** Rolls the transaction back: what waited for the owner of the account cannot be linked. */
export class CannotLink extends Error {
  override readonly name = "CannotLink";
  readonly rejected: Rejected;

  constructor(rejected: Rejected) {
    super("what waits cannot be linked");
    this.rejected = rejected;
  }
}

/** The sign-in with which an account is linked. */
export interface LinkingSignIn {
  readonly context: Pick<AuthenticationContext, "flow" | "call">;
  readonly authenticated: Pick<Authenticated, "identity" | "amr">;
  /** The session that is renewed or raised; undefined: a new one begins. */
  readonly renews: Caller | undefined;
  /** Of the session that begins. */
  readonly sessionId: string;
}

/** What became of an account that was to be linked. */
export interface Linking {
  readonly linked?: LinkedAccount | undefined;
  /** It waits until the session has the second factor of its owner. */
  readonly waits?: boolean;
}

/** Links what waited for the owner of an account, in the transaction of their sign-in. */
export interface AccountLinking {
  /**
   * Looks for what waits: in the flow, or since the first factor of the session that is raised. Undefined: nothing
   * does. What it gives links that to the owner, as they are read in the transaction. Without the second factor of
   * somebody who has one, nothing is linked (docs/second-factors.md): it waits for the second step of the session.
   *
   * @throws CannotLink what waited in the flow; what waited for a second factor keeps nobody from signing in
   */
  begin(tx: Sql, signIn: LinkingSignIn): Promise<((owner: IdentityRecord) => Promise<Linking>) | undefined>;
}

/** Creates the linking. */
export const createAccountLinking = (deps: LoginDeps): AccountLinking => {
  const {
    storage: { continuations },
    sessions: { callers, issuer },
    login: { config, methods, pendingAccountLinks },
  } = deps;

  const linkThrough = async (tx: Sql, method: string, linkState: JsonObject, owner: IdentityRecord) =>
    (methods as Readonly<Record<string, LoginMethod>>)[method]?.linkAccount?.(linkState, owner, tx);

  /** Whether the session, as this sign-in makes it, has what its owner can prove. A trusted browser is no proof. */
  const isRaised = (
    { authenticated: { amr }, renews, context: { call } }: LinkingSignIn,
    owner: IdentityRecord,
  ): boolean => {
    const { session } = issuer.prepare(owner, [amr], call);
    const reached = renews ? { ...renews.session, methods: [...renews.session.methods, ...session.methods] } : session;
    return callers.aal.stepUp({ session: reached, identity: owner }, "highest_available") === undefined;
  };

  const pendingOf = (flow: FlowRecord, owner: IdentityRecord): PendingAccountLink => {
    const pending = pendingAccountLinks.open(flow);
    if (pending === undefined)
      throw new CannotLink(
        rejected([
          {
            node: "",
            text: uiText(messages.invalid, {
              reason: "What was to be linked is not there any more. Please start again.",
            }),
          },
        ]),
      );
    if (pending.ownerId !== owner.id)
      throw new CannotLink(rejected([{ node: "", text: uiText(messages.linkedAccountMismatch) }]));
    return pending;
  };

  /** What waits in the flow, for its owner and nobody else. */
  const fromFlow =
    (tx: Sql, signIn: LinkingSignIn, method: string) =>
    async (owner: IdentityRecord): Promise<Linking> => {
      const { linkState } = pendingOf(signIn.context.flow, owner);
      if (!isRaised(signIn, owner)) {
        const binding = bindingOf(signIn, method);
        await continuations.park(tx, binding, linkState, config.lifespan);
        return { waits: true };
      }
      const linked = await linkThrough(tx, method, linkState, owner);
      if (linked?.kind === "rejected") throw new CannotLink(linked);
      return { linked };
    };

  /** What waited since the first factor of the session. */
  const fromFirstFactor = async (tx: Sql, signIn: LinkingSignIn) => {
    const slot = bindingOf(signIn, "");
    const record = await continuations.findOf(tx, slot);
    if (record === undefined) return undefined;
    return async (owner: IdentityRecord): Promise<Linking> => {
      if (!isRaised(signIn, owner) || !(await continuations.consume(tx, record))) return {};
      const linkState = continuations.open(record, { ...slot, method: record.method });
      if (linkState === undefined) return {};
      const linked = await linkThrough(tx, record.method, linkState as JsonObject, owner);
      return linked?.kind === "rejected" ? {} : { linked };
    };
  };

  return {
    async begin(tx, signIn) {
      const { flow } = signIn.context;
      const waiting = accountLinkOf(flow);
      if (waiting) return fromFlow(tx, signIn, waiting.method);
      return loginContext(flow).requestedAal === 2 && signIn.renews ? fromFirstFactor(tx, signIn) : undefined;
    },
  };
};

/** A session keeps its id when it is raised: by that the second step finds what waits. */
const bindingOf = (
  { authenticated: { identity }, renews, sessionId }: LinkingSignIn,
  method: string,
): ContinuationBinding => {
  const session = renews?.session.id ?? sessionId;
  return {
    homeId: identity.id,
    flowId: session,
    kind: "account_link",
    step: "proof",
    method,
    sessionId: session,
    identityId: identity.id,
  };
};
