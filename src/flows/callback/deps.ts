import type { Continuations } from "../../continuation/continuation.ts";
import type { Database } from "../../db/sql.ts";
import type { Call } from "../../lib/call.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ElsewhereAnswer, Receiving } from "../../methods/elsewhere.ts";
import type { Elsewhere, Trip } from "../elsewhere.ts";
import type { Finish } from "../finish.ts";
import type { FlowKind } from "../flow.ts";
import type { ReturnTo } from "../return-to.ts";
import type { FlowStore } from "../store.ts";
import type { FlowUrls } from "../urls.ts";

/** What the way back needs. The flows' own ends arrive as arguments. */
export interface CallbackDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly continuations: Continuations;
  readonly elsewhere: Elsewhere;
  readonly flows: FlowStore;
  readonly returnTo: ReturnTo;
  readonly urls: FlowUrls;
  /** Public base URL, without a slash at its end. */
  readonly publicUrl: string;
  /** Where browsers go when nothing else is said. */
  readonly defaultReturnUrl: string;
  readonly finish: {
    readonly settings: (trip: Trip, answer: ElsewhereAnswer, call: Call) => Promise<{ readonly redirectBrowserTo: string }>;
    readonly login: Finish;
    readonly registration: Finish;
  };
  /** What reads the answers for a method of a flow; undefined when it is not there any more. */
  readonly receiving: (kind: FlowKind, method: string) => Receiving | undefined;
  readonly createNonce: () => { readonly nonce: string; readonly expiresAt: Date };
}
