import type { SecurityEvent } from "../../audit/audit-log.ts";
import type { Call } from "../../lib/call.ts";
import { operatorOf } from "../identities/operator-of.ts";

/** The event of a person whose sessions an operator ended. `subject` is the session's id, where it was one. */
export const endedByOperator = (identityId: string, count: number, call: Call, subject?: string): SecurityEvent => ({
  identityId,
  sessionId: undefined,
  type: "session.ended",
  outcome: "done",
  detail: { by: "operator", count, ...(subject !== undefined && { subject }), ...operatorOf(call) },
});
