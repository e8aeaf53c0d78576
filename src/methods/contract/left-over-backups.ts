import type { Sql } from "../../db/sql.ts";
import { apply } from "../../identity/apply.ts";
import type { Change, CredentialChange, IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Factors } from "./credential.ts";

/** Where credentials are read, and what is known of them. */
interface LeftOverBackupsDeps {
  readonly clock: Clock;
  readonly identities: Pick<IdentityStore, "findSecret">;
  readonly factors: Pick<Factors, "leftOverBackups">;
}

/**
 * The removals that belong to a change which takes the last second factor: of its backups, which would go on asking
 * for a second step that there is nothing else for.
 */
export const removeLeftOverBackups = (
  { clock, identities, factors }: LeftOverBackupsDeps,
  sql: Sql,
  before: IdentityRecord,
  change: Change,
): Promise<readonly CredentialChange[]> => {
  const after = apply(before, change, { now: clock.now(), newId: uuid4 });
  return Promise.all(
    factors.leftOverBackups(before, after).map(async (type) => {
      const stored = await identities.findSecret(sql, before.id, type);
      return { type, config: null, facts: {}, replaces: stored?.version };
    }),
  );
};
