import { Code, ConnectError } from "@connectrpc/connect";
import { ServiceError, serviceError } from "../errors/service-error.ts";
import { errorTable } from "../errors/table.ts";
import type { Call } from "../lib/call.ts";
import type { CallLog } from "./call-log.ts";

/** How a call failed. */
export interface Failure {
  /** What the protocol gets. */
  readonly thrown: unknown;
  /** What the log writes down. */
  readonly logged: ServiceError | Code;
}

/** What `toFailure` needs. */
export interface ToFailureDeps {
  readonly rpc: string;
  readonly callLog: Pick<CallLog, "trouble">;
}

/**
 * Creates the mapping of what an implementation threw. What the service itself
 * decided passes, SESSION_INACTIVE with the place where a browser signs in. A
 * database that cannot be reached is UNAVAILABLE, one that was lost in the middle
 * of a write OUTCOME_UNKNOWN, everything else INTERNAL; all are logged, and
 * no answer says more.
 */
export const toFailure =
  ({ rpc, callLog }: ToFailureDeps) =>
  (error: unknown, call: Call, signIn: () => string | undefined): Failure => {
    if (error instanceof ServiceError) {
      if (error.parts.cause !== undefined) callLog.trouble(call, rpc, error);
      const failure = error.row === errorTable.SESSION_INACTIVE ? error.at(signIn()) : error;
      return { thrown: failure, logged: failure };
    }
    if (call.signal.aborted && error === call.signal.reason) {
      return { thrown: error, logged: error instanceof ConnectError ? error.code : Code.Canceled };
    }
    callLog.trouble(call, rpc, error);
    const failure = failureOf(error);
    return { thrown: failure, logged: failure };
  };

/**
 * Whether a failed call that has committed nothing has left everything as it was. What the service refused, and what
 * was broken off, has; what the database was lost in the middle of, nobody knows.
 */
export const isUndone = (error: unknown, call: Call): boolean => {
  if (error instanceof ServiceError || (call.signal.aborted && error === call.signal.reason)) return true;
  return failureOf(error).row === errorTable.UNAVAILABLE;
};

const failureOf = (error: unknown): ServiceError => {
  // No Retry-After: what may have been done is not to be repeated by a program that does not look.
  if (isInDoubt(error)) return serviceError("OUTCOME_UNKNOWN", { cause: error });
  return isUnavailable(error)
    ? serviceError("UNAVAILABLE", { cause: error, headers: { "retry-after": "1" } })
    : serviceError("INTERNAL", { cause: error });
};

/** A write was on its way when the database was lost. */
const isInDoubt = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === "DatabaseUnavailable" &&
  (error as { readonly outcome?: unknown }).outcome === "unknown";

/** As node and the driver say that the database is not there, and as the server says that it cannot go on now. */
const unavailableCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "PROTOCOL_CONNECTION_LOST",
  "POOL_CLOSED",
  "ER_CON_COUNT_ERROR",
  "ER_TOO_MANY_USER_CONNECTIONS",
  "ER_SERVER_SHUTDOWN",
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
]);

const isUnavailable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { code, transient } = error as { readonly code?: unknown; readonly transient?: unknown };
  return (
    error.name === "DatabaseUnavailable" ||
    transient === true ||
    (typeof code === "string" && unavailableCodes.has(code)) ||
    error.message === "Pool is closed."
  );
};
