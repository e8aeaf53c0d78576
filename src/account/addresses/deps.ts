import type { Config } from "../../config/config.ts";
import type { Courier } from "../../courier/courier.ts";
import type { FlowSessions, FlowStorage, FlowTrail } from "../../flows/shared/deps.ts";
import type { ResendPendingAddress } from "../../flows/verification/resend.ts";
import type { ConflictRetry } from "../../identity/conflict-retry.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { SessionStore } from "../../session/store.ts";
import type { TrustedDevices } from "../../session/trusted-devices.ts";

/** What undoing changes of addresses needs. */
export interface UndoDeps
  extends Pick<FlowStorage, "db" | "clock" | "identities" | "pendingAddresses" | "addressUndos">,
    Pick<FlowTrail, "audit"> {
  readonly schemas: Schemas;
  readonly courier: Courier;
  readonly conflictRetry: ConflictRetry;
  readonly trustedDevices: TrustedDevices;
  readonly revokeOthers: SessionStore["revokeOthers"];
  /** The page on which a change is undone, with its token. */
  readonly undoUrl: (token: string) => string;
  /** Where a browser goes once it is undone. */
  readonly undoneUrl: string;
}

/** What the RPCs about addresses need. */
export interface AddressDeps
  extends Pick<FlowStorage, "db" | "clock" | "identities" | "pendingAddresses">,
    Pick<FlowTrail, "audit">,
    Pick<FlowSessions, "callers"> {
  readonly requiredAal: Config["session"]["whoami"]["required_aal"];
  readonly findLive: SessionStore["findLive"];
  /** Undefined where there is no verification. */
  readonly resendPending: ResendPendingAddress | undefined;
}
