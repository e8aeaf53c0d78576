import type { Sql } from "../../db/sql.ts";
import { apply } from "../../identity/apply.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import { hasAddress } from "../../identity/same-address.ts";
import { digestOf } from "../../lib/digest.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { MergeDeps } from "./deps.ts";
import type { OfferedMerge } from "./offers.ts";
import { type BothSecrets, type MergePlan, planMerge } from "./plan.ts";

/** Why two accounts cannot be merged. proto/ostiary/account/v1/merge.proto has them. */
export type MergeRefusal = "deletion_pending" | "address_change_pending" | "organization" | "no_first_factor";

/** What a merge would do, and to whom. */
export interface ExaminedMerge extends MergePlan {
  readonly from: IdentityRecord;
  readonly into: IdentityRecord;
  readonly after: IdentityRecord;
  readonly refusals: readonly MergeRefusal[];
  /** What the accounts are like. */
  readonly etag: string;
}

/** Finds out what a merge would do; undefined: the account that is offered is not there, not active, or signed out. */
export type ExamineMerge = (
  sql: Sql,
  offered: OfferedMerge,
  into: IdentityRecord,
) => Promise<ExaminedMerge | undefined>;

/** Creates the function; see `ExamineMerge`. */
export const createExamine = ({ methods, schemas, sessions, storage }: MergeDeps): ExamineMerge => {
  const { addressUndos, clock, deletions, identities } = storage;
  const { factors, mergings } = methods;

  /** Of the types that there is something of to bring. */
  const readSecrets = async (sql: Sql, from: IdentityRecord, into: IdentityRecord) => {
    const secrets = new Map<string, BothSecrets>();
    for (const { type } of mergings) {
      if (!from.credentials[type]?.set) continue;
      secrets.set(type, {
        from: await identities.findSecret(sql, from.id, type),
        into: await identities.findSecret(sql, into.id, type),
      });
    }
    return secrets;
  };

  /** Whether whoever had an address of theirs can still take it back: the account could be in the wrong hands. */
  const canBeUndone = async (sql: Sql, { id, verifiable }: IdentityRecord): Promise<boolean> => {
    const now = clock.now();
    const undos = await addressUndos.list(sql, id);
    return undos.some(
      ({ address, expiresAt, usedAt }) => usedAt === undefined && expiresAt > now && !hasAddress(verifiable, address),
    );
  };

  const refusalsOf = async (
    sql: Sql,
    { from, into, after }: Pick<ExaminedMerge, "from" | "into" | "after">,
  ): Promise<readonly MergeRefusal[]> => {
    const isToBeDeleted = (await deletions.find(sql, from.id)) ?? (await deletions.find(sql, into.id));
    const isContested = (await canBeUndone(sql, from)) || (await canBeUndone(sql, into));
    const isOfOtherOrganization = from.organizationId !== undefined && from.organizationId !== into.organizationId;
    const isShutOut = factors.first(after).length === 0 && factors.first(from).length > 0;
    return [
      ...(isToBeDeleted ? (["deletion_pending"] as const) : []),
      ...(isContested ? (["address_change_pending"] as const) : []),
      ...(isOfOtherOrganization ? (["organization"] as const) : []),
      ...(isShutOut ? (["no_first_factor"] as const) : []),
    ];
  };

  return async (sql, { record, other }, into) => {
    const now = clock.now();
    const from = await identities.find(sql, other.identityId);
    if (from?.state !== "active" || !(await sessions.findLive(sql, other, now))) return undefined;
    const applied = (change: Change): IdentityRecord => apply(into, change, { now, newId: uuid4 });
    const plan = planMerge({
      from,
      into,
      schema: schemas.must(into.schemaId),
      mergings,
      secrets: await readSecrets(sql, from, into),
      now,
      applied,
    });
    const both = { from, into, after: applied(plan.change) };
    return {
      ...plan,
      ...both,
      refusals: await refusalsOf(sql, both),
      etag: digestOf(`${record.id} ${from.version} ${into.version}`),
    };
  };
};
