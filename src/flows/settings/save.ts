import type { Attempted, ChangedIdentity } from "../../identity/conflict-retry.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { type Done, type Ended, endWith } from "../pipeline.ts";
import { alreadyConsumed } from "../shared/consume.ts";
import { type ApprovedSubmission, approve, type Resubmit } from "./approve.ts";
import type { SettingsDeps } from "./deps.ts";
import { renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { persist, type Saved } from "./persist.ts";
import { rejection } from "./reject.ts";
import type { PerformedSubmission } from "./submission.ts";

/**
 * Writes a change in one transaction.
 *
 * @param resumes whether the change is the parked one: it is applied exactly once
 */
export const save = async (
  deps: SettingsDeps,
  submission: ApprovedSubmission,
  resumes: boolean,
): Promise<{ readonly saved: Saved } | Ended<ChangedIdentity>> => {
  const { examined, performed } = submission;
  const persisted = await persist(deps, submission, resumes);
  switch (persisted.kind) {
    case "saved":
      return { saved: persisted };
    case "identifier_taken": {
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
      return endWith({ kind: "concurrent_change", identityId: submission.caller.identity.id });
  }
};

/** Runs the hooks that follow the commit. */
export const afterCommit = async ({ settings: { hooks } }: SettingsDeps, { saved }: { readonly saved: Saved }) => ({
  continueWith: await hooks.afterCommit(saved.context),
});

/** Renders a change that is saved. */
export const renderSaved = (
  deps: SettingsDeps,
  submission: ApprovedSubmission & { readonly saved: Saved } & Awaited<ReturnType<typeof afterCommit>>,
): Promise<SettingsOutcome> => {
  const { continueWith, destination, saved } = submission;
  const { caller, flow } = saved;
  return renderOutcome(
    deps,
    { ...submission, flow, caller },
    { kind: "saved", destination: saved.isWaiting ? undefined : destination, continueWith },
  );
};

/** The last steps of a submit in one, for a change that comes by exchange codes in the middle of them. */
export const finish = async (
  deps: SettingsDeps,
  submission: PerformedSubmission,
  resubmit: Resubmit,
): Promise<Attempted<SettingsOutcome>> => {
  const approved = { ...submission, ...(await approve(deps, submission, resubmit)) };
  const written = await save(deps, approved, false);
  if ("endedWith" in written) return written.endedWith;
  const render = async () => renderSaved(deps, { ...approved, ...written, ...(await afterCommit(deps, written)) });
  return { kind: "done", render } satisfies Done<SettingsOutcome>;
};
