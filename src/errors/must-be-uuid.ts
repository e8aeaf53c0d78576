import { parseUuid, uuidText } from "../lib/ids.ts";
import { serviceError } from "./service-error.ts";

/** An id in its usual form. @throws INVALID_FIELD */
export const mustBeUuid = (text: string, field: string): string => {
  const bytes = parseUuid(text);
  if (bytes === undefined) throw serviceError("INVALID_FIELD", { field, explain: `${field}: this is no UUID.` });
  return uuidText(bytes);
};
