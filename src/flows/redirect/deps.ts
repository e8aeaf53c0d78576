import type { Continuations } from "../../continuation/continuation.ts";
import type { Database } from "../../db/sql.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CallbackHandler, CallbackParams } from "../../methods/contract/redirect.ts";
import type { FlowKind } from "../shared/flow.ts";
import type { ReturnTo } from "../shared/return-to.ts";
import type { FlowStore } from "../shared/store.ts";
import type { FlowUrls } from "../shared/urls.ts";
import type { CompleteRedirect } from "./callback.ts";
import type { PendingRedirect, Redirects } from "./redirects.ts";

/** What callbacks need. The last steps of the flows are arguments. */
export interface CallbackDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly continuations: Continuations;
  readonly redirect: Redirects;
  readonly flows: FlowStore;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  /** Public base URL, without a slash at its end. */
  readonly publicUrl: string;
  /** Where browsers go when nothing else is said. */
  readonly defaultReturnUrl: string;
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
  readonly callbackHandler: (kind: FlowKind, method: string) => CallbackHandler | undefined;
  readonly createNonce: () => { readonly nonce: string; readonly expiresAt: Date };
}
