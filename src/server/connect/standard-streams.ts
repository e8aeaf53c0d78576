import { Code, ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Call } from "../../lib/call.ts";
import type { Recorder } from "../call-log.ts";
import type { ClientAddress } from "../client-address.ts";
import { cutOff, LAST_WORD_MS } from "../cut-off.ts";
import type { StreamBounds } from "./stream-bounds.ts";
import { findWire } from "./wire.ts";

/** A stream of health or reflection. */
interface StandardStream {
  /** There was no room for it. */
  readonly isCrowded: boolean;
  /** It was read as a call of its protocol, and is recorded. */
  isCall: boolean;
  /** How it ended, if not well. */
  failure: Code | undefined;
}

/** The stream of a call; undefined where the call is another one's. */
export const streamKey = createContextKey<StandardStream | undefined>(undefined);

const open = new WeakMap<FastifyRequest, StandardStream>();

/** The stream that a request has opened. */
export const streamOf = (request: FastifyRequest): StandardStream | undefined => open.get(request);

/** What the streams of a port are followed with. */
export interface StandardStreamsOptions {
  /** By the paths of the routes, with their slash. */
  readonly recorders: ReadonlyMap<string, Recorder>;
  readonly bounds: StreamBounds;
  readonly port: Call["port"];
  readonly clientAddress: (request: FastifyRequest["raw"]) => ClientAddress;
}

/**
 * Counts the streams of these routes, each until its answer has ended or its client is gone, and then records it as
 * procedures do their calls. One that lasts longer than it may is cut off.
 */
export const followStreams = (
  scope: FastifyInstance,
  { recorders, bounds, port, clientAddress }: StandardStreamsOptions,
): void => {
  const follow = (request: FastifyRequest, { raw }: FastifyReply, record: Recorder): void => {
    const startedAt = performance.now();
    const leave = bounds.enter(clientAddress(request.raw).ip);
    const stream: StandardStream = { isCrowded: leave === undefined, isCall: false, failure: undefined };
    open.set(request, stream);
    let isCut = false;
    const cut = setTimeout(() => {
      isCut = true;
      cutOff(request.raw);
    }, bounds.timeout + LAST_WORD_MS).unref();
    raw.once("close", () => {
      clearTimeout(cut);
      leave?.();
      const { headers } = request.raw;
      const protocol = findWire(headers["content-type"])?.protocol ?? "connect";
      const failure = isCut ? Code.Unavailable : (stream.failure ?? (raw.writableEnded ? undefined : Code.Canceled));
      if (stream.isCall) record({ protocol, port, requestId: request.id, headers }, startedAt, failure);
    });
  };
  scope.addHook("onRequest", (request, reply, next) => {
    const record = recorders.get(request.routeOptions.url ?? "");
    if (record !== undefined) follow(request, reply, record);
    next();
  });
};

/** Notes how streams end, and answers those that there was no room for, in the way of their protocol. */
export const noteEnd: Interceptor = (next) => async (request) => {
  const stream = request.contextValues.get(streamKey);
  if (stream === undefined) return next(request);
  stream.isCall = true;
  const failed = (error: unknown): void => {
    // What ends because its client is gone, or out of time, ends with whatever error.
    const { aborted, reason } = request.signal;
    stream.failure = ConnectError.from(aborted ? reason : error).code;
  };
  async function* noting<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  try {
    if (stream.isCrowded) throw new ConnectError("too many streams are open; try again later", Code.ResourceExhausted);
    const response = await next(request);
    return response.stream ? { ...response, message: noting(response.message) } : response;
  } catch (error) {
    failed(error);
    throw error;
  }
};
