import type { Call } from "../lib/call.ts";
import type { Received, Receiving } from "../methods/elsewhere.ts";
import type { Claim, Rejected } from "../methods/method.ts";
import type { Entered } from "./arriving.ts";
import type { FlowRecord } from "./flow.ts";

/** An answer from elsewhere, on its way into the flow that waits for it. */
export interface Return {
  readonly flow: FlowRecord;
  /** The method that sent the person away. */
  readonly method: string;
  readonly call: Call;
  /** Reads the answer; only after the flow has found nothing against it. */
  receive(method: Receiving): Promise<Received | Rejected>;
  /** Whose answer it is, if it waited for a native app: taken with what it is used for. */
  readonly claim?: Claim;
}

/** What login and registration do with an answer from elsewhere. */
export type Finish = (back: Return) => Promise<Entered>;
