import type { RegistrationFlow } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { RegistrationMethods, RegistrationView } from "../../methods/method.ts";
import type { Schemas } from "../../schema/sources.ts";
import { attachMessages } from "../../ui/attach-messages.ts";
import { csrfNode } from "../../ui/node.ts";
import { sortNodes } from "../../ui/sort.ts";
import { type FlowRecord, presentFlowType, returnToOf } from "../flow.ts";
import { messagesOf } from "../form.ts";
import { orderBySchema } from "../node-order.ts";
import type { FlowUrls } from "../urls.ts";
import { registrationContext } from "./context.ts";

/** Makes the flow that clients see. */
export type PresentRegistration = (flow: FlowRecord, csrfToken: string) => RegistrationFlow;

/** Node groups in the order they stand on screen, as recorded of the reference. */
const groups = ["oidc", "default", "webauthn", "passkey", "code", "password", "profile"];

/** Creates the presentation: nodes from the methods, sorted, with the form's messages on them. */
export const createPresentRegistration = ({
  methods,
  schemas,
  style,
  urls,
}: {
  readonly methods: RegistrationMethods;
  readonly schemas: Schemas;
  readonly style: RegistrationView["style"];
  readonly urls: FlowUrls;
}): PresentRegistration => {
  const enabled = Object.values(methods).filter((m) => m.enabled);
  const order = orderBySchema(groups);

  return (flow, csrfToken) => {
    const { schemaId, step } = registrationContext(flow);
    const schema = schemas.must(schemaId);
    const view: RegistrationView = { flow, schema, shown: flow.form.shown, style, step };
    const messages = messagesOf(flow.form);
    const { only } = flow.context;
    const offered = only === undefined ? enabled : enabled.filter(({ name }) => name === only);
    const nodes = sortNodes(attachMessages([csrfNode(csrfToken), ...offered.flatMap((m) => m.nodes(view))], messages.nodes), order(schema));
    const returnTo = returnToOf(flow);
    return {
      $typeName: "ostiary.registration.v1.RegistrationFlow",
      id: flow.id,
      type: presentFlowType(flow),
      expiresAt: timestamp(flow.expiresAt),
      issuedAt: timestamp(flow.issuedAt),
      requestUrl: flow.requestUrl,
      ...(returnTo !== undefined && { returnTo }),
      ...(flow.active !== undefined && { active: flow.active }),
      ui: { $typeName: "ostiary.ui.v1.UiContainer", action: urls.submit("registration", flow.id), method: "POST", nodes, messages: [...messages.form] },
      state: State.CHOOSE_METHOD,
    };
  };
};
