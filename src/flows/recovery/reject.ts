import { RecoveryFlowSchema } from "../../../gen/ostiary/recovery/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { saveForm } from "../proof/save-form.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import type { RecoveryDeps } from "./deps.ts";

/** A form that is rejected, and why. */
export interface RejectedRecovery {
  readonly flow: FlowRecord;
  readonly call: Call;
  readonly messages: readonly FormMessage[];
  /** `default` where no method was named. */
  readonly active?: string;
}

/** Saves the form with what is wrong, and gives the error that says so. @throws ConcurrentChangeError */
export const createReject =
  (deps: RecoveryDeps) =>
  async ({ flow, call, messages, active }: RejectedRecovery): Promise<ServiceError> => {
    const { clock, csrf, openedLinks, render, urls } = deps;
    const form = formOf(messages, flow.form.submittedValues ?? undefined);
    const saved = withForm(flow, form, clock.now(), flow.state, active ?? flow.active);
    await saveForm(deps, flow, saved);
    const opened = openedLinks.find(call, flow.id);
    const token = csrf.tokenFor(call, opened === undefined ? flow.type : "browser");
    const page = opened === undefined ? urls.pageOf(saved) : urls.page("recovery", saved.id);
    return formRejected(RecoveryFlowSchema, render(saved, token, { opened }), saved, page);
  };
