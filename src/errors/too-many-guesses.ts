import { type ServiceError, serviceError } from "./service-error.ts";

/** RATE_LIMITED where too many secrets were tried: in how many seconds the next one is compared. */
export const tooManyGuesses = (explain: string, seconds: number): ServiceError =>
  serviceError("RATE_LIMITED", {
    explain,
    details: { retry_after: seconds },
    headers: { "retry-after": String(seconds) },
  });
