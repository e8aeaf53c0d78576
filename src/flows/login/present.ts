import type { LoginFlow } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { LoginMethods } from "../../methods/method.ts";
import type { Schemas } from "../../schema/sources.ts";
import { presentAal } from "../../session/present.ts";
import type { SignedIn } from "../../session/session.ts";
import { attachMessages } from "../../ui/attach-messages.ts";
import { csrfNode } from "../../ui/node.ts";
import { sortNodes } from "../../ui/sort.ts";
import { type FlowRecord, presentFlowType, returnToOf } from "../flow.ts";
import { messagesOf } from "../form.ts";
import { orderBySchema } from "../node-order.ts";
import { confirmationOf } from "../pending-link.ts";
import type { FlowUrls } from "../urls.ts";
import { loginContext } from "./context.ts";

/** Makes the flow that clients see. */
export type PresentLogin = (flow: FlowRecord, signedIn: SignedIn | undefined, csrfToken: string) => LoginFlow;

/** Node groups in the order they stand on screen, as recorded of the reference. */
const groups = ["oidc", "default", "webauthn", "passkey", "code", "password", "totp", "lookup_secret"];

/** Creates the presentation: nodes from the methods, sorted, with the form's messages on them. */
export const createPresentLogin = ({
  methods,
  schemas,
  urls,
}: {
  readonly methods: LoginMethods;
  readonly schemas: Schemas;
  readonly urls: FlowUrls;
}): PresentLogin => {
  const enabled = Object.values(methods).filter((m) => m.enabled);
  const order = orderBySchema(groups, ["identifier"]);

  return (flow, signedIn, csrfToken) => {
    const { refresh, requestedAal } = loginContext(flow);
    const schema = schemas.default;
    const view = { flow, schema, shown: flow.form.shown, signedIn, refresh, requestedAal, confirms: confirmationOf(flow) };
    const messages = messagesOf(flow.form);
    const nodes = sortNodes(attachMessages([csrfNode(csrfToken), ...enabled.flatMap((m) => m.nodes(view))], messages.nodes), order(schema));
    const returnTo = returnToOf(flow);
    return {
      $typeName: "ostiary.login.v1.LoginFlow",
      id: flow.id,
      type: presentFlowType(flow),
      expiresAt: timestamp(flow.expiresAt),
      issuedAt: timestamp(flow.issuedAt),
      requestUrl: flow.requestUrl,
      ...(returnTo !== undefined && { returnTo }),
      ...(flow.active !== undefined && { active: flow.active }),
      ui: { $typeName: "ostiary.ui.v1.UiContainer", action: urls.submit("login", flow.id), method: "POST", nodes, messages: [...messages.form] },
      createdAt: timestamp(flow.issuedAt),
      updatedAt: timestamp(flow.updatedAt),
      refresh,
      requestedAal: presentAal(requestedAal),
      state: State.CHOOSE_METHOD,
    };
  };
};
