import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { FlowType, UiContainer, UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { attachMessages } from "../../ui/attach-messages.ts";
import { csrfNode } from "../../ui/node.ts";
import { type NodeOrder, sortNodes } from "../../ui/sort.ts";
import { type FlowRecord, renderFlowType, returnToOf } from "./flow.ts";
import { messagesOf } from "./form.ts";
import type { FlowUrls } from "./urls.ts";

/** What clients see of a flow of any kind. */
export interface RenderedFlow {
  readonly id: string;
  readonly type: FlowType;
  readonly expiresAt: Timestamp;
  readonly issuedAt: Timestamp;
  readonly requestUrl: string;
  readonly returnTo?: string;
  readonly active?: string;
  readonly ui: UiContainer;
}

/** The form of a flow: the methods' nodes, which order they stand in, and the anti-CSRF token among them. */
export interface FormParts {
  readonly nodes: readonly UiNode[];
  /** How they are sorted; a function where they stay as they come, which says where the anti-CSRF field stands. */
  readonly order: NodeOrder | ((csrf: UiNode, nodes: readonly UiNode[], csrfToken: string) => readonly UiNode[]);
  readonly csrfToken: string;
}

/** Renders what flows of every kind have: identity, times, and the form with its messages. */
export const renderFlow = (flow: FlowRecord, { nodes, order, csrfToken }: FormParts, urls: FlowUrls): RenderedFlow => {
  const messages = messagesOf(flow.form);
  const placed =
    typeof order === "function"
      ? attachMessages(order(csrfNode(csrfToken), nodes, csrfToken), messages.nodes)
      : sortNodes(attachMessages([csrfNode(csrfToken), ...nodes], messages.nodes), order);
  return renderPlacedFlow(flow, placed, urls.submit(flow.kind, flow.id));
};

/** The same for a form whose nodes stand where they belong, with their messages. `action` is where it is sent. */
export const renderPlacedFlow = (
  flow: FlowRecord,
  nodes: readonly UiNode[],
  action: string,
  method = "POST",
): RenderedFlow => {
  const messages = messagesOf(flow.form);
  const returnTo = returnToOf(flow);
  return {
    id: flow.id,
    type: renderFlowType(flow),
    expiresAt: timestamp(flow.expiresAt),
    issuedAt: timestamp(flow.issuedAt),
    requestUrl: flow.requestUrl,
    ...(returnTo !== undefined && { returnTo }),
    ...(flow.active !== undefined && { active: flow.active }),
    ui: {
      $typeName: "ostiary.ui.v1.UiContainer",
      action,
      method,
      nodes: [...nodes],
      messages: [...messages.form],
    },
  };
};
