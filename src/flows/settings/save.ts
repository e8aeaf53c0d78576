import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { Performed } from "../../methods/contract/settings.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { alreadyConsumed } from "../authentication/complete.ts";
import type { Tried } from "../shared/turns.ts";
import type { SettingsDeps } from "./deps.ts";
import { finalUrl, renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { persist } from "./persist.ts";
import { rejection } from "./reject.ts";
import type { SettingsSubmission } from "./submission.ts";

/** What saving needs to know of the submit that it ends. */
interface Saving {
  /** Whether the change is the parked one: it is applied exactly once. */
  readonly resumes?: boolean;
  /** What was typed, in case an identifier is taken. */
  readonly submittedValues?: SubmittedValues | undefined;
}

/** Writes a change that was prepared. How it ended is presented once that is committed. */
export const save = async (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  method: string,
  performed: Performed,
  { resumes = false, submittedValues }: Saving = {},
): Promise<Tried<SettingsOutcome>> => {
  // Before anything is written: configuration may have changed since the flow began.
  const destination = finalUrl(deps, submission, method);
  const persisted = await persist(deps, submission, method, performed, resumes);
  switch (persisted.kind) {
    case "saved":
      return {
        kind: "done",
        render: () =>
          renderOutcome(
            deps,
            { ...submission, flow: persisted.flow, caller: persisted.caller },
            { kind: "saved", destination },
          ),
      };
    case "identifier_conflict": {
      const { active, event } = performed;
      const wrong = [{ node: "", text: uiText(messages.identifierTaken) }];
      throw rejection(
        deps,
        submission,
        { messages: wrong, ...(submittedValues && { submittedValues }), ...(active !== undefined && { active }) },
        event,
      );
    }
    case "used":
      throw rejection(deps, submission, alreadyConsumed, performed.event);
    case "raced":
      return { kind: "raced", identityId: submission.caller.identity.id };
  }
};
