import type { SchemaSource } from "../config/config.ts";
import type { IdentityRecord } from "../identity/identity.ts";

/**
 * Creates the answer when a person must have a second factor, by what the
 * configuration says of their schema: after the grace period, which begins when their
 * account was created, or when the rule began. Undefined: they need not.
 */
export const createSecondFactorPolicy = (schemas: readonly SchemaSource[]) => {
  const policies = new Map(schemas.map(({ id, second_factor: policy }) => [id, policy]));
  return ({ schemaId, createdAt }: IdentityRecord): Date | undefined => {
    const policy = policies.get(schemaId);
    if (policy === undefined) return undefined;
    return new Date(Math.max(createdAt.getTime(), policy.since.getTime()) + policy.grace_period);
  };
};
