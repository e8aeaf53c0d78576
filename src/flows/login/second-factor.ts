import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinuationBinding } from "../../continuation/continuation.ts";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Authenticated } from "../../methods/contract/authentication.ts";
import type { Caller } from "../../session/caller.ts";
import { TRUSTED_DEVICE } from "../../session/session.ts";
import type { AuthenticationContext } from "../authentication/complete.ts";
import { loginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/*
 * What a person signs in with changes at the level of their account alone (docs/second-factors.md). What the first
 * factor would change of that is parked with its session.
 */

/** A sign-in that is written. */
export interface AttemptedSignIn {
  readonly context: Pick<AuthenticationContext, "flow" | "call" | "method">;
  readonly authenticated: Pick<Authenticated, "identity" | "amr" | "update">;
  /** The session that is renewed or raised; undefined: a new one begins. */
  readonly renews: Caller | undefined;
  /** Of the session that begins. */
  readonly sessionId: string;
}

/** A change that is parked until its person gives the second factor: what a method needs to make it. */
export interface WaitingChange {
  readonly method: string;
  readonly state: JsonObject;
}

/** The changes that are parked with a session. */
export interface WaitingChanges {
  /** An account that is to be linked. */
  readonly accountLink?: WaitingChange | undefined;
  /** Identifiers and addresses from the data of a provider. */
  readonly update?: WaitingChange | undefined;
}

/** What a sign-in may change, and the changes that were parked for it. */
export interface SecondFactorState {
  /** Whether the session has, with this sign-in, what its person can prove. A trusted browser is no proof. */
  readonly isReached: boolean;
  readonly waiting: WaitingChanges;
}

/** Parks changes until the second factor is given. */
export interface SecondFactor {
  /**
   * Looks for changes that were parked at the first factor of the session that is raised; undefined: none. The function
   * that is returned consumes them.
   */
  find(tx: Sql, signIn: AttemptedSignIn): Promise<((person: IdentityRecord) => Promise<WaitingChanges>) | undefined>;
  /** Whether the level is reached; see `SecondFactorState`. */
  isReached(signIn: AttemptedSignIn, person: IdentityRecord): boolean;
  /** Parks changes with the session, beside those that are parked there, for the lifespan of a login flow. */
  park(tx: Sql, signIn: AttemptedSignIn, changes: WaitingChanges): Promise<void>;
}

/** Creates it. */
export const createSecondFactor = ({
  storage: { continuations },
  sessions: { callers, issuer },
  login: { config },
}: LoginDeps): SecondFactor => {
  const isReached: SecondFactor["isReached"] = ({ authenticated: { amr }, renews, context: { call } }, person) => {
    const { session } = issuer.prepare(person, [amr], call);
    const before = renews?.session.methods.filter(({ method }) => method !== TRUSTED_DEVICE) ?? [];
    const reached = { ...(renews?.session ?? session), methods: [...before, ...session.methods] };
    return callers.aal.stepUp({ session: reached, identity: person }, "highest_available") === undefined;
  };

  return {
    isReached,

    find: async (tx, signIn) => {
      if (loginContext(signIn.context.flow).requestedAal !== 2 || signIn.renews === undefined) return undefined;
      const binding = bindingOf(signIn);
      const record = await continuations.findOf(tx, binding);
      if (record === undefined) return undefined;
      return async (person) => {
        if (!isReached(signIn, person) || !(await continuations.consume(tx, record))) return {};
        return (continuations.open(record, binding) ?? {}) as WaitingChanges;
      };
    },

    park: async (tx, signIn, changes) => {
      const binding = bindingOf(signIn);
      const record = signIn.renews && (await continuations.findOf(tx, binding));
      const before = (record && continuations.open(record, binding)) ?? {};
      const all = { ...(before as JsonObject), ...defined(changes) };
      await continuations.park(tx, binding, all, config.lifespan);
    },
  };
};

const defined = ({ accountLink, update }: WaitingChanges): JsonObject => ({
  ...(accountLink && { accountLink: { ...accountLink } }),
  ...(update && { update: { ...update } }),
});

/** A session keeps its id when it is raised: by that the second step finds the parked changes. */
const bindingOf = ({ authenticated: { identity }, renews, sessionId }: AttemptedSignIn): ContinuationBinding => {
  const session = renews?.session.id ?? sessionId;
  return {
    homeId: identity.id,
    flowId: session,
    kind: "second_factor",
    step: "proof",
    method: "",
    sessionId: session,
    identityId: identity.id,
  };
};
