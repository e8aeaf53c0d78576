import type { SecurityEvent } from "../../audit/audit-log.ts";
import type { Call } from "../../lib/call.ts";
import { operatorOf } from "../identities/operator-of.ts";

/** The event of a person whose trusted devices an operator's change ended. */
export const untrustedByOperator = (identityId: string, count: number, call: Call): SecurityEvent => ({
  identityId,
  sessionId: undefined,
  type: "device.untrusted",
  outcome: "done",
  detail: { by: "operator", count, ...operatorOf(call) },
});

/** The event of a person whose sessions an operator ended. `subject` is the session's id, where it was one. */
export const endedByOperator = (identityId: string, count: number, call: Call, subject?: string): SecurityEvent => ({
  identityId,
  sessionId: undefined,
  type: "session.ended",
  outcome: "done",
  detail: { by: "operator", count, ...(subject !== undefined && { subject }), ...operatorOf(call) },
});
