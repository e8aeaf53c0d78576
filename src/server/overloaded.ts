import { type ServiceError, serviceError } from "../errors/service-error.ts";

/** There is no room for a call now, and may be in a second. */
export const overloaded = (): ServiceError => serviceError("OVERLOADED", { headers: { "retry-after": "1" } });
