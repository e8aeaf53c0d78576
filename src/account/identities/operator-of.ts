import type { EventDetail } from "../../audit/event-types.ts";
import type { Call } from "../../lib/call.ts";

/** Who did it, for the events of an account. */
export const operatorOf = ({ admission }: Pick<Call, "admission">): Pick<EventDetail, "operator"> =>
  admission !== undefined && "operator" in admission ? { operator: admission.operator.name } : {};
