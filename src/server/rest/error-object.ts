import { STATUS_CODES } from "node:http";
import type { ServiceError } from "../../errors/service-error.ts";

/** An error as REST says it, without its envelope. The error page reads it back by GetFlowError. */
export interface ErrorObject {
  readonly id?: string;
  readonly code: number;
  readonly status: string;
  /** The client's own `X-Request-Id`. */
  readonly request?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly message: string;
}

const longestRequestId = 128;

/** Says an error for REST. `requestId` is what the client sent. */
export const errorObject = (error: ServiceError, requestId: string | readonly string[] | undefined): ErrorObject => {
  const { row, parts } = error;
  const details = parts.field === undefined ? parts.details : { field: parts.field, ...parts.details };
  return {
    ...(row.id !== "" && { id: row.id }),
    code: row.status,
    status: STATUS_CODES[row.status] ?? "",
    ...(typeof requestId === "string" && requestId !== "" && { request: requestId.slice(0, longestRequestId) }),
    ...(parts.explain !== undefined && { reason: parts.explain }),
    ...(details !== undefined && { details }),
    message: row.message,
  };
};
