import type { Call } from "../../lib/call.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowForms, FlowStorage } from "./deps.ts";
import type { FlowRecord } from "./flow.ts";

/**
 * Writes a new flow, unless a hook refuses it.
 *
 * @param signedIn who is signed in, where the flow is about them
 * @throws ServiceError what a hook refuses the flow with
 */
export const beginFlow = async (
  { db, flows, hookFlow, hooks }: Pick<FlowStorage, "db" | "flows"> & Pick<FlowForms, "hookFlow" | "hooks">,
  flow: FlowRecord,
  call: Call,
  signedIn?: SignedIn,
): Promise<void> => {
  await hooks.before({ flow: hookFlow(flow, signedIn), call });
  await flows.insert(db, flow);
};
