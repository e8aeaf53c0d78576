import { State, type VerificationFlow } from "../../../gen/ostiary/verification/v1/flow_pb.ts";
import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import { isCompleted, isMessageSent } from "../../methods/contract/flow.ts";
import type { VerificationMethods } from "../../methods/contract/verification.ts";
import { attachMessages } from "../../ui/attach-messages.ts";
import { csrfNode } from "../../ui/node.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { messagesOf } from "../shared/form.ts";
import { renderPlacedFlow } from "../shared/render-flow.ts";
import type { ReturnTo } from "../shared/return-to.ts";
import type { FlowUrls } from "../shared/urls.ts";

/** Makes the flow that clients see. `opened` is what its link brought into this browser. */
export type RenderVerification = (flow: FlowRecord, csrfToken: string, opened?: string) => VerificationFlow;

const states: Readonly<Record<string, State>> = {
  sent_email: State.SENT_EMAIL,
  passed_challenge: State.PASSED_CHALLENGE,
};

/** Creates the rendering. The order of the nodes is the method's. */
export const createRenderVerification = ({
  config,
  defaultReturnUrl,
  methods,
  returnTo,
  takesPhoneNumbers,
  urls,
}: {
  readonly config: AddressFlowConfig;
  readonly defaultReturnUrl: string;
  readonly methods: VerificationMethods;
  readonly returnTo: ReturnTo;
  readonly takesPhoneNumbers: boolean;
  readonly urls: FlowUrls;
}): RenderVerification => {
  /** What is not allowed any more is passed over: nobody is sent there. */
  const continueUrl = (flow: FlowRecord): string =>
    returnTo.ifAllowed(returnToOf(flow)) ?? config.after.default_browser_return_url ?? defaultReturnUrl;

  return (flow, csrfToken, opened) => {
    const method = methods[flow.active === "code" || flow.active === "link" ? flow.active : config.use];
    const isDone = isCompleted(flow);
    const { nodes: about } = messagesOf(flow.form);
    const typed = flow.form.submittedValues?.email;
    const nodes = method.nodes(
      {
        step: isDone ? "done" : isMessageSent(flow) ? "secret" : "address",
        address: typeof typed === "string" ? typed : "",
        takesPhoneNumbers,
        opened,
        isAddressWrong: about.some(({ node }) => node === "email"),
        continueUrl: continueUrl(flow),
      },
      // Native apps have the field where clients expect it (docs/compatibility.md, rule 27).
      flow.type === "browser" || isDone || (flow.form.messages.length > 0 && flow.state === "choose_method")
        ? [csrfNode(csrfToken)]
        : [],
    );
    const placed = attachMessages(nodes, about);
    return {
      $typeName: "ostiary.verification.v1.VerificationFlow",
      ...(isDone
        ? renderPlacedFlow(flow, placed, continueUrl(flow), "GET")
        : renderPlacedFlow(flow, placed, urls.submit("verification", flow.id))),
      state: states[flow.state] ?? State.CHOOSE_METHOD,
    };
  };
};
