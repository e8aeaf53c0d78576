import { mustBeUuid } from "../errors/must-be-uuid.ts";

/** The id of an identity in its usual form. @throws INVALID_FIELD */
export const mustBeIdentity = (text: string): string => mustBeUuid(text, "identity_id");
