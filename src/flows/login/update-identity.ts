import type { Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import { changesProtected, withoutProtected } from "../../methods/contract/protected-traits.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { LoginDeps } from "./deps.ts";
import type { AttemptedSignIn, SecondFactorState, WaitingChange } from "./second-factor.ts";

/** What changes in a person of whom a method has learned. */
export interface Updating {
  readonly change?: Change | undefined;
  readonly waits?: WaitingChange;
}

/**
 * Makes what changes in a person of what the method that they sign in with has learned of them, or has learned at the
 * first factor of the session that is raised. Below the level of the account identifiers and addresses stay as they
 * are, and wait.
 */
export type UpdateIdentity = (
  tx: Sql,
  signIn: AttemptedSignIn,
  identity: IdentityRecord,
  second: SecondFactorState,
) => Promise<Updating>;

/** Creates it. */
export const createUpdateIdentity =
  ({ forms: { schemas }, login: { methods } }: Pick<LoginDeps, "forms" | "login">): UpdateIdentity =>
  async (tx, { authenticated, context }, identity, { isReached, waiting }) => {
    const learned = await authenticated.update?.();
    const update = learned ? { method: context.method, state: learned } : waiting.update;
    if (update === undefined) return {};
    const schema = schemas.must(identity.schemaId);
    const method = (methods as Readonly<Record<string, LoginMethod>>)[update.method];
    const change = await method?.applyUpdate?.(update.state, { identity, schema }, tx);
    if (change === undefined || isReached || !isProtected(schema, identity, change)) return { change };
    return { change: unprotected(schema, identity, change), waits: update };
  };

/** Whether a change is one of identifiers or addresses, or says that one is proven. */
const isProtected = (schema: IdentitySchema, { traits, verifiable }: IdentityRecord, change: Change): boolean =>
  (change.traits !== undefined && changesProtected(schema, traits, change.traits)) ||
  verifiable.some((address) => !address.verified && hasAddress(change.verified ?? [], address));

/** The rest of it. */
const unprotected = (
  schema: IdentitySchema,
  { traits: before }: IdentityRecord,
  { traits, verified: _, ...others }: Change,
): Change => {
  const rest = traits && withoutProtected(schema, before, traits.traits);
  return { ...others, ...(rest && { traits: rest }) };
};
