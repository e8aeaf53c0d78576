import { serviceError } from "../errors/service-error.ts";
import { parseUuid, uuidText } from "../lib/ids.ts";

/** The id of an identity in its usual form. @throws INVALID_FIELD */
export const mustBeIdentity = (text: string): string => mustBeUuid(text, "identity_id");

/** An id in its usual form. @throws INVALID_FIELD */
export const mustBeUuid = (text: string, field: string): string => {
  const bytes = parseUuid(text);
  if (bytes === undefined) throw serviceError("INVALID_FIELD", { field, explain: `${field}: this is no UUID.` });
  return uuidText(bytes);
};
