import type { Call } from "../lib/call.ts";
import { serviceError } from "./service-error.ts";

/** Refuses a call whose body could not be read. @throws MALFORMED_BODY */
export const mustBeReadable = ({ malformed }: Pick<Call, "malformed">): void => {
  if (malformed !== undefined) throw serviceError("MALFORMED_BODY", { explain: malformed });
};
