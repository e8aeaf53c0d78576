import type { UpdateFlowBody } from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import type { RegistrationView } from "../../methods/contract/registration.ts";
import type { FlowForms } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { registrationContext } from "./context.ts";

/** What a view is made of. */
interface Viewed {
  readonly flow: FlowRecord;
  /** Of a submit; left out where the form is only shown. */
  readonly body?: Pick<UpdateFlowBody, "transientPayload">;
}

/** What the methods see of a registration flow, when its form is shown and when it is submitted. */
export const viewOf = (
  { schemas, sealedContext }: Pick<FlowForms, "schemas" | "sealedContext">,
  { style }: Pick<RegistrationView, "style">,
  { flow, body }: Viewed,
): RegistrationView => {
  const { schemaId, step } = registrationContext(flow);
  return {
    flow,
    sealedContext: (method) => sealedContext.open(flow, method),
    schema: schemas.must(schemaId),
    submittedValues: flow.form.submittedValues,
    style,
    step,
    transientPayload: body?.transientPayload,
  };
};
