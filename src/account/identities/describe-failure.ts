import type { ServiceError } from "../../errors/service-error.ts";

/** Names of the statuses of what an operator may have done wrong (RFC 9110, section 15.5). */
const statusNames: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  429: "Too Many Requests",
};

/** Why one of many identities was not written. */
export interface IdentityFailure {
  readonly code: number;
  readonly status: string;
  readonly message: string;
  readonly reason?: string;
}

/** Describes it, as the answer to a call with many of them does. */
export const describeFailure = ({ row, parts }: ServiceError): IdentityFailure => ({
  code: row.status,
  status: statusNames[row.status] ?? "",
  message: row.message,
  ...(parts.explain !== undefined && { reason: parts.explain }),
});
