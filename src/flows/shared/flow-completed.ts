import type { Identity } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import type { Session } from "../../../gen/ostiary/session/v1/session_pb.ts";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";

/** Signed in or signed up. */
export interface FlowCompleted {
  readonly kind: "completed";
  readonly session?: Session;
  /** Native apps only. */
  readonly sessionToken?: string;
  /** Only after a sign-up. */
  readonly identity?: Identity;
  readonly continueWith: ContinueWith[];
  readonly redirectBrowserTo: string;
}
