import type { HookRunner } from "../../hooks/runner.ts";
import type { Call } from "../../lib/call.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowForms, FlowStorage } from "./deps.ts";
import type { FlowRecord } from "./flow.ts";

/** What `beginFlow` needs. */
export interface BeginFlowDeps {
  readonly storage: Pick<FlowStorage, "db" | "flows">;
  readonly forms: Pick<FlowForms, "hookFlow">;
}

/**
 * Writes a new flow, unless a hook refuses it.
 *
 * @param signedIn who is signed in, where the flow is about them
 * @throws ServiceError what a hook refuses the flow with
 */
export const beginFlow = async (
  { storage: { db, flows }, forms: { hookFlow } }: BeginFlowDeps,
  hooks: HookRunner,
  flow: FlowRecord,
  call: Call,
  signedIn?: SignedIn,
): Promise<void> => {
  await hooks.before({ flow: hookFlow(flow, signedIn), call });
  await flows.insert(db, flow);
};
