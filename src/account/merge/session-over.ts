import { type ServiceError, serviceError } from "../../errors/service-error.ts";

/** Says that the session of the caller ended while the request ran. */
export const sessionOver = (): ServiceError =>
  serviceError("SESSION_INACTIVE", { explain: "The session was ended at the same time." });
