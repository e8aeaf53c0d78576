import type { LoginFlow } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { LoginMethods } from "../../methods/contract/login.ts";
import type { Schemas } from "../../schema/sources.ts";
import { renderAal } from "../../session/render.ts";
import type { SignedIn } from "../../session/session.ts";
import { accountLinkOf } from "../authentication/pending-account-link.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { orderBySchema } from "../shared/node-order.ts";
import { renderFlow } from "../shared/render-flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowUrls } from "../shared/urls.ts";
import { loginContext } from "./context.ts";

/** Makes the flow that clients see. */
export type RenderLogin = (flow: FlowRecord, signedIn: SignedIn | undefined, csrfToken: string) => LoginFlow;

/** Node groups in the order they stand on screen, as Ory Kratos has them. */
const groups = ["oidc", "default", "webauthn", "passkey", "code", "password", "totp", "lookup_secret"];

/** Creates the presentation: nodes from the methods, sorted, with the form's messages on them. */
export const createRenderLogin = ({
  methods,
  schemas,
  sealedContext,
  urls,
}: {
  readonly methods: LoginMethods;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly urls: FlowUrls;
}): RenderLogin => {
  const enabled = Object.values(methods).filter((m) => m.enabled);
  const order = orderBySchema(groups, ["identifier"]);

  return (flow, signedIn, csrfToken) => {
    const { refresh, requestedAal } = loginContext(flow);
    const schema = schemas.default;
    const view = {
      flow,
      sealedContext: (method: string) => sealedContext.open(flow, method),
      schema,
      submittedValues: flow.form.submittedValues,
      signedIn,
      refresh,
      requestedAal,
      accountLink: accountLinkOf(flow),
    };
    const nodes = enabled.flatMap((m) => m.nodes(view));
    return {
      $typeName: "ostiary.login.v1.LoginFlow",
      ...renderFlow(flow, { nodes, order: order(schema), csrfToken }, urls),
      createdAt: timestamp(flow.issuedAt),
      updatedAt: timestamp(flow.updatedAt),
      refresh,
      requestedAal: renderAal(requestedAal),
      state: State.CHOOSE_METHOD,
    };
  };
};
