import type { Call } from "../../lib/call.ts";
import type { CallbackHandler, CallbackParams } from "../../methods/contract/redirect.ts";
import type { FlowDestinations, FlowStorage } from "../shared/deps.ts";
import type { RedirectKind } from "../shared/flow.ts";
import type { CompleteRedirect } from "./callback.ts";
import type { PendingRedirect, Redirects } from "./redirects.ts";

/** What callbacks need. The last steps of the flows are arguments. */
export interface CallbackDeps {
  readonly storage: Pick<FlowStorage, "db" | "clock" | "flows" | "continuations">;
  readonly destinations: FlowDestinations;
  readonly redirect: Redirects;
  /** Public base URL, without a slash at its end. */
  readonly publicUrl: string;
  readonly completeRedirect: {
    readonly settings: (
      pending: PendingRedirect,
      answer: CallbackParams,
      call: Call,
    ) => Promise<{ readonly redirectBrowserTo: string }>;
    readonly login: CompleteRedirect;
    readonly registration: CompleteRedirect;
  };
  /** What reads the answers for a method of a flow; undefined when it is not there any more. */
  readonly callbackHandler: (kind: RedirectKind, method: string) => CallbackHandler | undefined;
  readonly createNonce: () => { readonly nonce: string; readonly expiresAt: Date };
}
