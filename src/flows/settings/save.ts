import type { Examined, Performed } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import type { Attempted } from "../shared/conflict-retry.ts";
import { alreadyConsumed } from "../shared/consume.ts";
import type { SettingsDeps } from "./deps.ts";
import { finalUrl, renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { persist } from "./persist.ts";
import { rejection } from "./reject.ts";
import type { SettingsSubmission } from "./submission.ts";

/** A submit whose method has done its part. */
interface PerformedSubmission extends SettingsSubmission {
  readonly method: { readonly name: string };
  readonly performed: Performed;
  /** Has what was submitted, in case an identifier belongs to someone else. Not there after a callback. */
  readonly examined?: Examined<unknown>;
}

/**
 * Writes a change in one transaction. How it ended is rendered once that is
 * committed.
 *
 * @param resumes whether the change is the parked one: it is applied exactly once
 */
export const save = async (
  deps: SettingsDeps,
  submission: PerformedSubmission,
  resumes: boolean,
): Promise<{ readonly outcome: Attempted<SettingsOutcome> }> => {
  const { examined, method, performed } = submission;
  // Before anything is written: configuration may have changed since the flow began.
  const destination = finalUrl(deps, submission, method.name);
  const persisted = await persist(deps, submission, method.name, performed, resumes);
  switch (persisted.kind) {
    case "saved": {
      const { flow, caller } = persisted;
      const render = () => renderOutcome(deps, { ...submission, flow, caller }, { kind: "saved", destination });
      return { outcome: { kind: "done", render } };
    }
    case "identifier_conflict": {
      const { active, event } = performed;
      const submittedValues = examined?.submittedValues;
      const wrong = [{ node: "", text: uiText(messages.identifierTaken) }];
      throw rejection(
        deps,
        submission,
        { messages: wrong, ...(submittedValues && { submittedValues }), ...(active !== undefined && { active }) },
        event,
      );
    }
    case "already_consumed":
      throw rejection(deps, submission, alreadyConsumed, performed.event);
    case "concurrent_change":
      return { outcome: { kind: "concurrent_change", identityId: submission.caller.identity.id } };
  }
};
