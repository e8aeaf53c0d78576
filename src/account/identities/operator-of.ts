import type { JsonObject } from "@bufbuild/protobuf";
import type { Call } from "../../lib/call.ts";

/** Who did it, for the events of an account. */
export const operatorOf = ({ admission }: Pick<Call, "admission">): JsonObject =>
  admission !== undefined && "operator" in admission ? { operator: admission.operator.name } : {};
