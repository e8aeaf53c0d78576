import type { JsonObject } from "@bufbuild/protobuf";
import type { HookFlow } from "../../hooks/phases.ts";
import type { SignedIn } from "../../session/session.ts";
import { type FlowKind, type FlowRecord, returnToOf } from "./flow.ts";

/**
 * Makes the flow as hooks see it.
 *
 * @param signedIn who is signed in, where the flow is about them
 */
export type CreateHookFlow = (flow: FlowRecord, signedIn?: SignedIn) => HookFlow;

/** Gives a flow as REST answers it, without its anti-CSRF token. */
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
    render: () => print[flow.kind](flow, signedIn),
  });
