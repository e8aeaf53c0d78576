import type { LoginFlow } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { isMessageSent } from "../../methods/contract/flow.ts";
import type { LoginMethod, LoginMethods } from "../../methods/contract/login.ts";
import type { Schemas } from "../../schema/sources.ts";
import { renderAal } from "../../session/render.ts";
import type { SignedIn } from "../../session/session.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { inputNode } from "../../ui/node.ts";
import { csrfLast, isNewlySent } from "../shared/code-sent.ts";
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
export type RenderLogin = (flow: FlowRecord, signedIn: SignedIn | undefined, csrfToken: string) => LoginFlow;

/** Node groups in the order they stand on screen, as Ory Kratos has them. */
const groups = ["oidc", "default", "webauthn", "passkey", "code", "password", "totp", "lookup_secret"];

/** What the form keeps beside the field of a code: second factors, which ask for nothing else. */
const besideCode: ReadonlySet<string> = new Set(["code", "totp", "lookup_secret"]);

/** Whether a method shows beside the field of a code that was sent. */
export const isBesideCode = (method: string): boolean => besideCode.has(method);
/** In the group of each second factor, so that it is submitted with whichever is given. */
const trustNode = (group: string) =>
  inputNode({ group, name: "trust_device", type: "checkbox", value: false, label: uiText(messages.trustDevice) });

/** Creates the rendering: nodes from the methods, sorted, with the form's messages on them. */
export const createRenderLogin = ({
  methods,
  schemas,
  sealedContext,
  urls,
  trustsDevices,
}: {
  readonly methods: LoginMethods;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly urls: FlowUrls;
  /** Whether a browser may stand in for the second factor later on. */
  readonly trustsDevices: boolean;
}): RenderLogin => {
  const enabled = (Object.values(methods) as readonly LoginMethod[]).filter((m) => m.enabled);
  const order = orderBySchema(groups, ["identifier"]);

  return (flow, signedIn, csrfToken) => {
    const view = viewOf({ schemas, sealedContext }, { flow, caller: signedIn });
    const { refresh, requestedAal, step, offers } = view;
    const isShown = ({ name, isBesideIdentifier }: LoginMethod): boolean => {
      if (isMessageSent(flow)) return isBesideCode(name);
      if (step === "identifier") return isBesideIdentifier === true;
      return offers === undefined || name in offers;
    };
    const offersTrust = trustsDevices && requestedAal === 2 && flow.type === "browser";
    const nodesOf = (method: LoginMethod): readonly UiNode[] => {
      const own = method.nodes(view);
      return offersTrust && own.length > 0 ? [...own, trustNode(method.name)] : own;
    };
    const nodes = mergeNodes(enabled.filter(isShown).map(nodesOf));
    return {
      $typeName: "ostiary.login.v1.LoginFlow",
      ...renderFlow(flow, { nodes, order: isNewlySent(flow) ? csrfLast : order(view.schema), csrfToken }, urls),
      createdAt: timestamp(flow.issuedAt),
      updatedAt: timestamp(flow.updatedAt),
      refresh,
      requestedAal: renderAal(requestedAal),
      state: states[flow.state] ?? State.CHOOSE_METHOD,
    };
  };
};
