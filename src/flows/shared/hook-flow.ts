import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { HookFlow } from "../../hooks/phases.ts";
import { isObject } from "../../lib/json-object.ts";
import type { SignedIn } from "../../session/session.ts";
import { type FlowKind, type FlowRecord, returnToOf } from "./flow.ts";

/**
 * Makes the flow as hooks see it.
 *
 * @param signedIn who is signed in, where the flow is about them
 */
export type CreateHookFlow = (flow: FlowRecord, signedIn?: SignedIn) => HookFlow;

/** Returns a flow as REST answers it, without its anti-CSRF token. */
type Print = (flow: FlowRecord, signedIn: SignedIn | undefined) => JsonObject;

/** Creates the maker of flows as hooks see them; `print` renders those of each kind. */
export const createHookFlows =
  (print: Readonly<Record<FlowKind, Print>>): CreateHookFlow =>
  (flow, signedIn) => ({
    id: flow.id,
    kind: flow.kind,
    type: flow.type,
    requestUrl: flow.requestUrl,
    returnTo: returnToOf(flow),
    render: () => withoutSecrets(print[flow.kind](flow, signedIn)),
  });

/** Groups whose texts and pictures are secrets of a factor: the key of an app, backup codes. */
const secretGroups: ReadonlySet<JsonValue | undefined> = new Set(["totp", "lookup_secret"]);

/** What the person alone may see of their factors is not shown to other servers. */
const withoutSecrets = (flow: JsonObject): JsonObject => {
  const { ui } = flow;
  if (!isObject(ui) || !Array.isArray(ui.nodes)) return flow;
  const nodes = ui.nodes.filter(
    (node) => !isObject(node) || !secretGroups.has(node.group) || !(node.type === "text" || node.type === "img"),
  );
  return { ...flow, ui: { ...ui, nodes } };
};
