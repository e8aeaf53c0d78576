import type { JsonObject } from "@bufbuild/protobuf";
import type { Call } from "../../lib/call.ts";
import type { CallbackHandler, CallbackResult } from "../../methods/contract/redirect.ts";
import type { Consume, Rejected } from "../../methods/contract/result.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { FlowCompleted } from "../shared/flow-completed.ts";

/** A callback of another site, for the flow that waits for it. */
export interface Callback {
  readonly flow: FlowRecord;
  /** The method that began the redirect. */
  readonly method: string;
  readonly call: Call;
  /** Reads the callback: only after the checks of the flow. */
  handleCallback(method: CallbackHandler): Promise<CallbackResult | Rejected>;
  /** Consumes the callback in the transaction of its effect. */
  readonly consume: Consume;
  /** What the client sent for hooks when it began the redirect. */
  readonly transientPayload: JsonObject | undefined;
  /** It waited for a native app, which fetches its session now. */
  readonly fetches: boolean;
}

/** What login and registration do with a callback. */
export type CompleteRedirect = (back: Callback) => Promise<FlowCompleted>;
