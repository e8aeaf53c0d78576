import type { Call } from "../../lib/call.ts";
import type { CallbackHandler, CallbackResult } from "../../methods/contract/redirect.ts";
import type { Consume, Rejected } from "../../methods/contract/result.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";

/** An answer from elsewhere, on its way into the flow that waits for it. */
export interface Callback {
  readonly flow: FlowRecord;
  /** The method that sent the person away. */
  readonly method: string;
  readonly call: Call;
  /** Reads the answer; only after the flow has found nothing against it. */
  handleCallback(method: CallbackHandler): Promise<CallbackResult | Rejected>;
  /** Uses the answer up, with what it is used for. */
  readonly consume: Consume;
  /** It waited for a native app, which fetches its session now. */
  readonly fetches: boolean;
}

/** What login and registration do with an answer from elsewhere. */
export type CompleteRedirect = (back: Callback) => Promise<FlowCompleted>;
