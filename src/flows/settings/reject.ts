import { SettingsFlowSchema } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import { AfterRollback } from "../../identity/conflict-retry.ts";
import type { MethodEvent, Rejected } from "../../methods/contract/result.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import type { SettingsDeps } from "./deps.ts";
import { loadAndCheck } from "./load.ts";
import type { SettingsSubmission } from "./submission.ts";

/** Throw it to reject a change once its transaction is undone; see `reject`. */
export const rejection = (
  deps: SettingsDeps,
  submission: SettingsSubmission,
  wrong: Omit<Rejected, "kind">,
  refused?: MethodEvent,
): AfterRollback => new AfterRollback(() => reject(deps, submission, wrong, refused));

/**
 * Saves the form with what is wrong, and returns the error that says so. The
 * state goes back to `show_form`, and what was parked before is replaced by
 * this submit (docs/compatibility.md, rule 3).
 *
 * @param refused what to record in the person's security events as refused
 */
export const reject = async (
  deps: SettingsDeps,
  { caller, flow, parked, call }: SettingsSubmission,
  { messages, submittedValues, active }: Omit<Rejected, "kind">,
  refused?: MethodEvent,
): Promise<ServiceError> => {
  const {
    storage: { clock, continuations, db, flows },
    trail: { audit },
    sessions: { csrf },
    destinations: { urls },
    settings: { render },
  } = deps;
  const now = clock.now();
  const saved = withForm(flow, formOf(messages, submittedValues), now, "show_form", active);
  // Nothing is written into a flow that is over: that is the error then. A session that ended since it was looked up
  // was live when it sent this, and what is written is no more than that: to ask again costs a third of the statement.
  if (!(await flows.save(db, saved, now))) await loadAndCheck(deps, flow.id, call, db);
  if (parked) await continuations.consume(db, parked);
  if (refused)
    await audit.record(
      db,
      { identityId: caller.identity.id, sessionId: caller.session.id, outcome: "refused", ...refused },
      call,
    );
  return formRejected(
    SettingsFlowSchema,
    render(saved, caller, csrf.tokenFor(call, flow.type)),
    saved,
    urls.pageOf(saved),
  );
};
