import type { RegistrationFlow } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import { isMessageSent } from "../../methods/contract/flow.ts";
import type { RegistrationMethods, RegistrationView } from "../../methods/contract/registration.ts";
import type { Schemas } from "../../schema/sources.ts";
import { CODE_METHOD, csrfFirst, isNewlySent } from "../shared/code-sent.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mergeNodes } from "../shared/merge-nodes.ts";
import { orderBySchema } from "../shared/node-order.ts";
import { renderFlow } from "../shared/render-flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowUrls } from "../shared/urls.ts";
import { viewOf } from "./view.ts";

const states: Readonly<Record<string, State>> = {
  sent_email: State.SENT_EMAIL,
  passed_challenge: State.PASSED_CHALLENGE,
};

/** Makes the flow that clients see. */
export type RenderRegistration = (flow: FlowRecord, csrfToken: string) => RegistrationFlow;

/** Node groups in the order they stand on screen, as Ory Kratos has them. */
const groups = ["oidc", "default", "webauthn", "passkey", "code", "password", "profile"];

/** Creates the rendering: nodes from the methods, sorted, with the form's messages on them. */
export const createRenderRegistration = ({
  methods,
  schemas,
  sealedContext,
  style,
  urls,
}: {
  readonly methods: RegistrationMethods;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly style: RegistrationView["style"];
  readonly urls: FlowUrls;
}): RenderRegistration => {
  const enabled = Object.values(methods).filter((m) => m.enabled);
  const order = orderBySchema(groups);

  return (flow, csrfToken) => {
    const view = viewOf({ schemas, sealedContext }, { style }, { flow });
    const { only } = flow.context;
    const shown = isMessageSent(flow) ? CODE_METHOD : only;
    const offered = shown === undefined ? enabled : enabled.filter(({ name }) => name === shown);
    const nodes = mergeNodes(offered.map((m) => m.nodes(view)));
    return {
      $typeName: "ostiary.registration.v1.RegistrationFlow",
      ...renderFlow(flow, { nodes, order: isNewlySent(flow) ? csrfFirst : order(view.schema), csrfToken }, urls),
      state: states[flow.state] ?? State.CHOOSE_METHOD,
    };
  };
};
