import { apply } from "../../identity/apply.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import type { SettingsDeps } from "./deps.ts";
import type { SettingsSubmission } from "./submission.ts";

/**
 * A change that removes the last second factor removes the backups of it too: they
 * would go on asking for a second step that there is nothing else for.
 */
export const retireBackups = async (
  { clock, factors, identities }: SettingsDeps,
  { caller: { identity }, sql }: SettingsSubmission,
  performed: Performed,
): Promise<Performed> => {
  const { change } = performed;
  if (!change.credentials?.some(({ config }) => config === null)) return performed;
  const after = apply(identity, change, { now: clock.now(), newId: uuid4 });
  const types = factors.leftOverBackups(identity, after);
  const removals = await Promise.all(
    types.map(async (type) => {
      const stored = await identities.findSecret(sql, identity.id, type);
      return { type, config: null, facts: {}, replaces: stored?.version };
    }),
  );
  return { ...performed, change: { ...change, credentials: [...change.credentials, ...removals] } };
};
