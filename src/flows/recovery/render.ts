import type { JsonValue } from "@bufbuild/protobuf";
import { type RecoveryFlow, State } from "../../../gen/ostiary/recovery/v1/flow_pb.ts";
import type { ContinueWith, UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import type { AddressChoiceView, RecoveryMethods } from "../../methods/contract/recovery.ts";
import { attachMessages } from "../../ui/attach-messages.ts";
import { csrfNode } from "../../ui/node.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { messagesOf } from "../shared/form.ts";
import { renderPlacedFlow } from "../shared/render-flow.ts";
import type { FlowUrls } from "../shared/urls.ts";

/** What a flow shows beside itself. */
export interface RecoveryExtras {
  /** What its link brought into this browser. */
  readonly opened?: string | undefined;
  readonly continueWith?: readonly ContinueWith[];
}

/** Makes the flow that clients see. */
export type RenderRecovery = (flow: FlowRecord, csrfToken: string, extras?: RecoveryExtras) => RecoveryFlow;

const states: Readonly<Record<string, State>> = {
  choose_method: State.CHOOSE_METHOD,
  sent_email: State.SENT_EMAIL,
  passed_challenge: State.PASSED_CHALLENGE,
  awaiting_address: State.RECOVERY_AWAITING_ADDRESS,
  awaiting_address_choice: State.RECOVERY_AWAITING_ADDRESS_CHOICE,
  confirming_address: State.RECOVERY_CONFIRMING_ADDRESS,
  awaiting_code: State.RECOVERY_AWAITING_CODE,
};

const choiceSteps: Readonly<Record<string, AddressChoiceView["step"]>> = {
  awaiting_address: "address",
  awaiting_address_choice: "choice",
  confirming_address: "confirmation",
  awaiting_code: "code",
};

const choicesOf = (stored: JsonValue | undefined): AddressChoiceView["choices"] =>
  Array.isArray(stored)
    ? stored.flatMap((each) => (Array.isArray(each) ? [[String(each[0]), String(each[1])] as const] : []))
    : [];

/** Creates the rendering. The order of the nodes is the method's. */
export const createRenderRecovery = ({
  config,
  methods,
  urls,
}: {
  readonly config: AddressFlowConfig;
  readonly methods: RecoveryMethods;
  readonly urls: FlowUrls;
}): RenderRecovery => {
  const nodesOf = (flow: FlowRecord, csrf: readonly UiNode[], opened: string | undefined): readonly UiNode[] => {
    const method = methods[flow.active === "code" || flow.active === "link" ? flow.active : config.use];
    const text = (name: string): string => {
      const typed = flow.form.submittedValues?.[name];
      return typeof typed === "string" ? typed : "";
    };
    const step = choiceSteps[flow.state];
    if (step !== undefined && method.choiceNodes !== undefined)
      return method.choiceNodes(
        {
          step,
          named: text("recovery_address"),
          confirmed: text("recovery_confirm_address"),
          choices: choicesOf(flow.form.submittedValues?.choices),
          via: text("via"),
          opened,
        },
        csrf,
      );
    return method.nodes(
      {
        step: flow.state === "choose_method" ? "address" : "secret",
        address: text("email"),
        takesPhoneNumbers: false,
        opened,
        isAddressWrong: false,
        continueUrl: "",
      },
      csrf,
    );
  };

  return (flow, csrfToken, { opened, continueWith = [] } = {}) => {
    const nodes = attachMessages(nodesOf(flow, [csrfNode(csrfToken)], opened), messagesOf(flow.form).nodes);
    return {
      $typeName: "ostiary.recovery.v1.RecoveryFlow",
      ...renderPlacedFlow(flow, nodes, urls.submit("recovery", flow.id)),
      state: states[flow.state] ?? State.CHOOSE_METHOD,
      continueWith: [...continueWith],
    };
  };
};
