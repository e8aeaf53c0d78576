import { apply } from "../../identity/apply.ts";
import { uuid4 } from "../../lib/ids.ts";
import { removeLeftOverBackups } from "../../methods/contract/left-over-backups.ts";
import { rejected } from "../../methods/contract/result.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { SettingsDeps } from "./deps.ts";
import { rejection } from "./reject.ts";
import type { SettingsSubmission } from "./submission.ts";

/**
 * A change that removes the last second factor removes the backups of it too. Where the configuration asks for a
 * second factor, the last one stays.
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
  const removals = await removeLeftOverBackups({ clock, identities, factors }, sql, identity, change);
  const whole = { ...change, credentials: [...change.credentials, ...removals] };
  const after = apply(identity, whole, { now: clock.now(), newId: uuid4 });
  if (factors.second(caller).length > 0 && callers.aal.enrolment({ ...caller, identity: after }))
    throw rejection(deps, submission, lastOne, performed.event);
  return { ...performed, change: whole };
};

const lastOne = rejected([
  {
    node: "",
    text: uiText(messages.invalid, {
      reason: "A second factor is required here: set up another one before you remove this one.",
    }),
  },
]);
