import { apply } from "../../identity/apply.ts";
import type { CredentialChange } from "../../identity/identity.ts";
import { uuid4 } from "../../lib/ids.ts";
import { rejected } from "../../methods/contract/result.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { SettingsDeps } from "./deps.ts";
import { rejection } from "./reject.ts";
import type { SettingsSubmission } from "./submission.ts";

/**
 * A change that removes the last second factor removes the backups of it too: they
 * would go on asking for a second step that there is nothing else for. Where the
 * configuration asks for a second factor, the last one stays.
 *
 * @throws FORM_REJECTED
 */
export const retireBackups = async (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  performed: Performed,
): Promise<Performed> => {
  const {
    storage: { clock, identities },
    sessions: { callers },
    settings: { factors },
  } = deps;
  const { caller, sql } = submission;
  const { identity } = caller;
  const { change } = performed;
  // Of several keys in one credential the last that is a second factor may go while others stay.
  if (!change.credentials?.length) return performed;
  const after = (credentials: readonly CredentialChange[]) =>
    apply(identity, { ...change, credentials }, { now: clock.now(), newId: uuid4 });
  const removals = await Promise.all(
    factors.leftOverBackups(identity, after(change.credentials)).map(async (type) => {
      const stored = await identities.findSecret(sql, identity.id, type);
      return { type, config: null, facts: {}, replaces: stored?.version };
    }),
  );
  const credentials = [...change.credentials, ...removals];
  if (factors.second(caller).length > 0 && callers.aal.enrolment({ ...caller, identity: after(credentials) }))
    throw rejection(deps, submission, lastOne, performed.event);
  return { ...performed, change: { ...change, credentials } };
};

const lastOne = rejected([
  {
    node: "",
    text: uiText(messages.invalid, {
      reason: "A second factor is required here: set up another one before you remove this one.",
    }),
  },
]);
