import { VerificationFlowSchema } from "../../../gen/ostiary/verification/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import { mustExist } from "../shared/request.ts";
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

/** Saves the form with what is wrong, and gives the error that says so. */
export const createReject =
  ({ clock, csrf, db, flows, render, urls }: VerificationDeps) =>
  async ({ flow, call, messages, submittedValues, active }: RejectedVerification): Promise<ServiceError> => {
    const now = clock.now();
    const values = submittedValues ?? flow.form.submittedValues ?? undefined;
    const saved = withForm(flow, formOf(messages, values), now, flow.state, active ?? flow.active);
    mustExist((await flows.save(db, saved, now)) || undefined);
    return formRejected(
      VerificationFlowSchema,
      render(saved, csrf.tokenFor(call, flow.type)),
      saved,
      urls.pageOf(saved),
    );
  };
