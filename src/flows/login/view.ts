import type { UpdateFlowBody } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import type { LoginView } from "../../methods/contract/login.ts";
import type { SignedIn } from "../../session/session.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import type { FlowForms } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { loginContext } from "./context.ts";

/** What a view is made of. */
interface Viewed {
  readonly flow: FlowRecord;
  readonly caller: SignedIn | undefined;
  /** Of a submit; left out where the form is only shown. */
  readonly body?: Pick<UpdateFlowBody, "transientPayload">;
}

/** What the methods see of a login flow, when its form is shown and when it is submitted. */
export const viewOf = (
  { schemas, sealedContext }: Pick<FlowForms, "schemas" | "sealedContext">,
  { flow, caller, body }: Viewed,
): LoginView => ({
  flow,
  sealedContext: (method) => sealedContext.open(flow, method),
  schema: schemas.default,
  submittedValues: flow.form.submittedValues,
  signedIn: caller,
  accountLink: accountLinkOf(flow),
  transientPayload: body?.transientPayload,
  ...loginContext(flow),
});
