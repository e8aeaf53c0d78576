import type { LoginFlow } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import type { LoginMethods } from "../../methods/method.ts";
import type { Schemas } from "../../schema/sources.ts";
import { presentAal } from "../../session/present.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowRecord } from "../flow.ts";
import { orderBySchema } from "../node-order.ts";
import { confirmationOf } from "../pending-link.ts";
import { presentFlow } from "../present-flow.ts";
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
    const nodes = enabled.flatMap((m) => m.nodes(view));
    return {
      $typeName: "ostiary.login.v1.LoginFlow",
      ...presentFlow(flow, { nodes, order: order(schema), csrfToken }, urls),
      createdAt: timestamp(flow.issuedAt),
      updatedAt: timestamp(flow.updatedAt),
      refresh,
      requestedAal: presentAal(requestedAal),
      state: State.CHOOSE_METHOD,
    };
  };
};
