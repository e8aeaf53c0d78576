import type { FastifyReply, FastifyRequest } from "fastify";
import type { Call } from "../../lib/call.ts";
import { admissionOf } from "../admin-lock/admission.ts";
import type { ClientRequest } from "./client-request.ts";

/** Makes the call of a request, before its body is read. */
export type CallOf = (request: FastifyRequest, reply: FastifyReply) => Call;

/** Creates the function that makes the calls of a port's REST requests. */
export const createCallOf =
  (port: Call["port"], clientRequestOf: (request: FastifyRequest) => ClientRequest): CallOf =>
  (request, reply) => {
    const { url, remoteAddress } = clientRequestOf(request);
    return {
      protocol: "rest",
      port,
      method: request.method,
      headers: request.headers,
      url,
      remoteAddress,
      requestId: request.id,
      admission: admissionOf(request),
      // Made at once: a getter in an object literal costs ten times as much.
      signal: abortedBy(reply),
      reply: { headers: new Map(), cookies: [] },
    };
  };

/** Aborts when the client disconnects before it has its answer. */
const abortedBy = ({ raw }: FastifyReply): AbortSignal => {
  const aborter = new AbortController();
  raw.on("close", () => {
    if (!raw.writableEnded) aborter.abort();
  });
  return aborter.signal;
};
