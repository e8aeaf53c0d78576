import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import { type ConnectRouter, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServiceError } from "../../errors/service-error.ts";
import type { Call, Protocol, SendingProcedure } from "../../lib/call.ts";
import { toSetCookie } from "../../lib/set-cookie.ts";
import { type LockedRoute, refuseRequest } from "../admin-lock/lock-port.ts";
import { cutOff } from "../cut-off.ts";
import { rpcName } from "../rpc-name.ts";
import { createRpcCall, rpcUrl } from "./rpc-call.ts";
import { toConnectError } from "./to-connect-error.ts";
import type { UnaryDeps } from "./unary.ts";
import { findWire } from "./wire.ts";

/** An RPC whose answers are a stream, what answers it, and who may call it, by the header of a call alone. */
export interface BoundSending {
  readonly method: DescMethodServerStreaming;
  readonly procedure: SendingProcedure;
  readonly mustBeAllowed: (call: Call) => void;
}

/** The request that a call of the library is made by. */
export const requestKey = createContextKey<FastifyRequest | undefined>(undefined);

type SendingDeps = Pick<UnaryDeps, "port" | "baseUrl" | "clientAddress" | "callLog">;

/** Makes the call of a request, as far as its header says. */
const callOf = (request: FastifyRequest, rpc: string, signal: AbortSignal, deps: SendingDeps): Call => {
  const protocol = findWire(request.headers["content-type"])?.protocol ?? "connect";
  const { port, baseUrl, clientAddress } = deps;
  return createRpcCall(request, protocol, signal, { port, url: rpcUrl(baseUrl, rpc), clientAddress });
};

/**
 * Adds an RPC whose answers are a stream to the routes of the library, which asks
 * for the next answer once the one before was read.
 */
export const routeSending =
  ({ method, procedure }: BoundSending, deps: SendingDeps) =>
  (router: ConnectRouter): void => {
    const send = procedure as unknown as SendingProcedure<Message, Message>;

    async function* answer(request: Message, context: HandlerContext): AsyncGenerator<Message> {
      const made = context.values.get(requestKey);
      if (made === undefined) throw new Error("a call without its request");
      const call = {
        ...callOf(made, rpcName(method), context.signal, deps),
        protocol: protocolOf(context),
        cut: () => cutOff(made.raw),
      };
      try {
        let isFirst = true;
        for await (const message of send(request, call)) {
          if (isFirst) putHeaders(call, context);
          isFirst = false;
          yield message;
        }
      } catch (error) {
        throw error instanceof ServiceError ? toConnectError(error) : error;
      }
    }
    router.rpc(method, answer as never);
  };

/** Refuses who may not call before a byte of the message is read. */
export const guardSending = (scope: FastifyInstance, rpcs: readonly BoundSending[], deps: SendingDeps): void => {
  const guarded = new Map(rpcs.map((rpc) => [`/${rpcName(rpc.method)}`, rpc]));
  scope.addHook("onRoute", (route) => {
    if (guarded.has(route.url)) route.config = { ...route.config, asksAdmission: true } satisfies LockedRoute;
  });
  scope.addHook("onRequest", (request, reply, next) => {
    const rpc = guarded.get(request.routeOptions.url ?? "");
    if (rpc === undefined) return next();
    const startedAt = performance.now();
    const call = callOf(request, rpcName(rpc.method), new AbortController().signal, deps);
    try {
      rpc.mustBeAllowed(call);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      deps.callLog.of(rpcName(rpc.method))(call, startedAt, error);
      return refuseRequest(request, reply, error);
    }
    next();
  });
};

const protocolOf = ({ protocolName }: HandlerContext): Protocol => protocolName as Protocol;

/** What the call replies beside its messages. */
const putHeaders = ({ reply }: Call, { responseHeader }: HandlerContext): void => {
  for (const [name, value] of reply.headers) responseHeader.set(name, value);
  for (const line of toSetCookie(reply.cookies)) responseHeader.append("set-cookie", line);
};
