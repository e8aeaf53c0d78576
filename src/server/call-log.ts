import type { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { ServiceError } from "../errors/service-error.ts";
import type { Call } from "../lib/call.ts";
import type { Log } from "../lib/log.ts";
import { readTraceparent } from "../lib/trace.ts";
import type { Metrics } from "./metrics.ts";

/**
 * What the log may know of a call. Not its message, its other headers or its URL: they hold what people keep secret.
 */
export type LoggedCall = Pick<Call, "protocol" | "port" | "requestId" | "headers">;

/** Writes down how a call ended; `failure` is the error that its caller gets, if not an answer. */
export type Recorder = (call: LoggedCall, startedAt: number, failure?: ServiceError | Code) => void;

/** Keeps one line and one count for each call. */
export interface CallLog {
  /** For an RPC by its full name, `ostiary.settings.v1.SettingsService/GetFlow`. One that is not logged is counted. */
  readonly of: (rpc: string, isLogged?: boolean) => Recorder;
  /** Writes down what went wrong inside the server, which the answer does not say. */
  readonly trouble: (call: LoggedCall, rpc: string, error: unknown) => void;
}

/** Creates the log of calls. `startedAt` is in the time of `performance.now()`. */
export const createCallLog = ({ log, metrics }: { readonly log: Log; readonly metrics: Metrics }): CallLog => ({
  of: (rpc, isLogged = true) => {
    const count = metrics.callsOf(rpc);
    return (call, startedAt, failure) => {
      const elapsed = performance.now() - startedAt;
      const code = codeOf(failure);
      count(call.protocol, code, elapsed / 1000);
      if (!isLogged) return;
      const traceId =
        call.headers.traceparent === undefined ? undefined : readTraceparent(call.headers.traceparent)?.traceId;
      // pino leaves undefined fields out.
      log.info(
        {
          request_id: call.requestId,
          rpc,
          protocol: call.protocol,
          port: call.port,
          code,
          reason: failure instanceof ServiceError ? ReasonSchema.value[failure.row.reason]?.localName : undefined,
          ms: Math.round(elapsed * 1000) / 1000,
          trace_id: traceId,
        },
        "call",
      );
    };
  },
  trouble: (call, rpc, err) =>
    log.error({ request_id: call.requestId, rpc, protocol: call.protocol, err }, "a call failed inside the server"),
});

const codeNames = new Map<Code, string>();

const codeOf = (failure: ServiceError | Code | undefined): string => {
  if (failure === undefined) return "ok";
  const code = failure instanceof ServiceError ? failure.row.code : failure;
  const name = codeNames.get(code) ?? codeToString(code);
  codeNames.set(code, name);
  return name;
};
