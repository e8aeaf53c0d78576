import { VerificationFlowSchema } from "../../../gen/ostiary/verification/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { saveForm } from "../proof/save-form.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import type { VerificationDeps } from "./deps.ts";

/** A form that is rejected, and why. */
export interface RejectedVerification {
  readonly flow: FlowRecord;
  readonly call: Call;
  readonly messages: readonly FormMessage[];
  /** What was typed; left out, what was typed before. */
  readonly submittedValues?: SubmittedValues;
  /** `default` where no method was named. */
  readonly active?: string;
}

/** Saves the form with what is wrong, and gives the error that says so. @throws ConcurrentChangeError */
export const createReject =
  (deps: VerificationDeps) =>
  async ({ flow, call, messages, submittedValues, active }: RejectedVerification): Promise<ServiceError> => {
    const { clock, csrf, render, urls } = deps;
    const values = submittedValues ?? flow.form.submittedValues ?? undefined;
    const saved = withForm(flow, formOf(messages, values), clock.now(), flow.state, active ?? flow.active);
    await saveForm(deps, flow, saved);
    return formRejected(
      VerificationFlowSchema,
      render(saved, csrf.tokenFor(call, flow.type)),
      saved,
      urls.pageOf(saved),
    );
  };
