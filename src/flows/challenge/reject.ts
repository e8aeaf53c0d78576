import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import type { ChallengeFlowDeps } from "./deps.ts";
import { saveFormAsRead } from "./save-form-as-read.ts";

/** A form that is rejected, and why. */
export interface RejectedForm {
  readonly flow: FlowRecord;
  readonly call: Call;
  readonly messages: readonly FormMessage[];
  /** What was submitted; left out, what was submitted before. */
  readonly submittedValues?: SubmittedValues | undefined;
  /** `default` where no method was named. */
  readonly active?: string;
}

/** Saves the form with what is wrong, and returns the error that says so. @throws ConcurrentChangeError */
export type RejectForm = (rejected: RejectedForm) => Promise<ServiceError>;

/**
 * Creates it.
 *
 * @param errorOf the error that shows the form as it was saved
 */
export const createReject =
  (deps: Pick<ChallengeFlowDeps, "storage">, errorOf: (saved: FlowRecord, call: Call) => ServiceError): RejectForm =>
  async ({ flow, call, messages, submittedValues, active }) => {
    const values = submittedValues ?? flow.form.submittedValues ?? undefined;
    const saved = withForm(flow, formOf(messages, values), deps.storage.clock.now(), flow.state, active ?? flow.active);
    await saveFormAsRead(deps, flow, saved);
    return errorOf(saved, call);
  };
