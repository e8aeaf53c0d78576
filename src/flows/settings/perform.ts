import type { Attempted } from "../../identity/conflict-retry.ts";
import type { RedirectRequest } from "../../methods/contract/redirect.ts";
import type { Examined, Performed, SettingsChange, SettingsMethod } from "../../methods/contract/settings.ts";
import { type Ended, endWith } from "../pipeline.ts";
import type { SettingsDeps } from "./deps.ts";
import { renderOutcome, type SettingsOutcome } from "./outcome.ts";
import { lockAndRecheck } from "./park.ts";
import { reject, rejection } from "./reject.ts";
import type { SettingsSubmission } from "./submission.ts";

/** A submit that its method has examined. */
interface ExaminedSubmission extends SettingsSubmission {
  readonly method: SettingsMethod;
  readonly view: SettingsChange;
  readonly examined: Examined<unknown>;
}

/** The slow part of a change: policy, hashes, other servers. */
export type Perform = (
  submission: ExaminedSubmission,
  resumes: boolean,
) => Promise<{ readonly performed: Performed } | Ended<Attempted<SettingsOutcome>>>;

/** Creates the step: what the method gives is written by the next one, or the submit ends with it. */
export const createPerform = (deps: SettingsDeps): Perform => {
  const {
    storage: { continuations },
    settings: { redirect },
  } = deps;

  const begin = async (submission: ExaminedSubmission, request: RedirectRequest): Promise<SettingsOutcome> => {
    const { caller, method } = submission;
    const location = await redirect.begin(
      { ...submission, method: method.name, who: caller, recheck: (tx) => lockAndRecheck(deps, submission, tx) },
      request,
    );
    if (typeof location !== "string") throw await reject(deps, submission, location, location.event);
    return renderOutcome(deps, submission, { kind: "redirect", location });
  };

  return async (submission, resumes) => {
    const { caller, call, examined, method, parked, sql, view } = submission;
    const performed = await method.perform(examined.examined, view, call);
    switch (performed.kind) {
      case "rejected":
        // Another request resumed it meanwhile: what it is found wanting against may be its own result.
        if (resumes && parked && !(await continuations.consume(sql, parked)))
          return endWith({ kind: "concurrent_change", identityId: caller.identity.id });
        throw rejection(deps, submission, performed, performed.event);
      case "redirect":
        return endWith({ kind: "done", render: () => begin(submission, performed) });
      case "context":
        return endWith({
          kind: "done",
          render: () => renderOutcome(deps, submission, { ...performed, method: method.name }),
        });
      case "performed":
        return { performed };
    }
  };
};
