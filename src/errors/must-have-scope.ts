import type { Call } from "../lib/call.ts";
import { hasScope } from "../lib/operator.ts";
import { serviceError } from "./service-error.ts";

/**
 * Refuses a call that the lock of the admin port has not let in, or whose operator lacks a scope.
 *
 * @throws OPERATOR_UNKNOWN, NOT_LOCAL, SCOPE_REQUIRED
 */
export const mustHaveScope = ({ admission }: Pick<Call, "admission">, scope: string): void => {
  if (admission === undefined) throw serviceError("OPERATOR_UNKNOWN");
  if ("refused" in admission) throw admission.refused;
  if (!hasScope(admission.operator, scope))
    throw serviceError("SCOPE_REQUIRED", { explain: `The scope ${scope} is missing.`, details: { scope } });
};
