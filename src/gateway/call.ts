import type { FastifyReply, FastifyRequest } from "fastify";
import type { Call } from "../lib/call.ts";
import type { Caller } from "./caller.ts";

/** Makes the call of a request. `malformed` says why its body could not be read. */
export type CallOf = (request: FastifyRequest, reply: FastifyReply, malformed: string | undefined) => Call;

export const createCallOf =
  (port: Call["port"], callerOf: (request: FastifyRequest) => Caller): CallOf =>
  (request, reply, malformed) => {
    const { url, remoteAddress } = callerOf(request);
    let aborter: AbortController | undefined;
    return {
      door: "rest",
      port,
      headers: request.headers,
      url,
      remoteAddress,
      requestId: request.id,
      // Few procedures ask whether the client is still there, so it is watched for those that do.
      get signal() {
        aborter ??= abortedBy(reply);
        return aborter.signal;
      },
      malformed,
      reply: { headers: new Map(), cookies: [] },
    };
  };

const abortedBy = ({ raw }: FastifyReply): AbortController => {
  const aborter = new AbortController();
  const gone = (): void => {
    if (!raw.writableFinished) aborter.abort();
  };
  if (raw.destroyed) gone();
  else raw.once("close", gone);
  return aborter;
};
