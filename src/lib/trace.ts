import type { Call } from "./call.ts";

/** The trace a call belongs to (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The caller's span: 16 hexadecimal digits. */
  readonly parentId: string;
}

const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/**
 * Reads a `traceparent` header; undefined for one that is missing or breaks
 * the rules (https://www.w3.org/TR/trace-context/), which must not be used.
 */
export const readTraceparent = (header: string | string[] | undefined): TraceContext | undefined => {
  if (typeof header !== "string" || header.length > 512) return undefined;
  const [, version, traceId = "", parentId = "", more] = format.exec(header) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  return /[^0]/.test(traceId) && /[^0]/.test(parentId) ? { traceId, parentId } : undefined;
};

/**
 * The headers that mark a request to another server as part of a call: the
 * call's trace context, unchanged because this server records no span, and its
 * request id.
 */
export const outgoingHeaders = ({
  headers,
  requestId,
}: Pick<Call, "headers" | "requestId">): Readonly<Record<string, string>> => {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string" || readTraceparent(traceparent) === undefined)
    return { "x-request-id": requestId };
  const state = typeof tracestate === "string" && /^[\x20-\x7e]{1,512}$/.test(tracestate) ? { tracestate } : undefined;
  return { "x-request-id": requestId, traceparent, ...state };
};
