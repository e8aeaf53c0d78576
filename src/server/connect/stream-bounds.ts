import { Code, ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** Bounds how many streams of health and reflection are open at once: whoever can reach the port may open some. */
export interface StreamBounds {
  /** Begins a stream for a client, by its IP address; undefined when there is no room. The function ends it. */
  enter(address: string): (() => void) | undefined;
}

/** How many may be open at once. */
export interface StreamNumbers {
  readonly total?: number;
  readonly perNetwork?: number;
}

/** Creates the bounds of one port. */
export const createStreamBounds = (
  networkOf: (address: string) => string,
  { total = 2_048, perNetwork = 128 }: StreamNumbers = {},
): StreamBounds => {
  const open = new Map<string, number>();
  let all = 0;
  return {
    enter: (address) => {
      const network = networkOf(address);
      const ofNetwork = open.get(network) ?? 0;
      if (all >= total || ofNetwork >= perNetwork) return undefined;
      all += 1;
      open.set(network, ofNetwork + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        all -= 1;
        const left = (open.get(network) ?? 1) - 1;
        if (left === 0) open.delete(network);
        else open.set(network, left);
      };
    },
  };
};

/** Whether there was no room for the stream of a call. */
export const crowdedKey = createContextKey(false);

/** Requests whose streams there was no room for. */
const crowded = new WeakSet<FastifyRequest>();

export const isCrowded = (request: FastifyRequest): boolean => crowded.has(request);

/**
 * Counts the streams of these routes, each until its answer has ended or its client is gone.
 *
 * @param paths of the routes, with their slash
 */
export const countStreams = (
  scope: FastifyInstance,
  paths: ReadonlySet<string>,
  bounds: StreamBounds,
  addressOf: (request: FastifyRequest) => string,
): void => {
  scope.addHook("onRequest", (request, reply, next) => {
    if (!paths.has(request.routeOptions.url ?? "")) return next();
    const leave = bounds.enter(addressOf(request));
    if (leave === undefined) crowded.add(request);
    else reply.raw.once("close", leave);
    next();
  });
};

/** Answers calls whose streams there was no room for, in the way of their protocol. */
export const refuseCrowded: Interceptor = (next) => (request) => {
  if (request.contextValues.get(crowdedKey))
    throw new ConnectError("too many streams are open; try again later", Code.ResourceExhausted);
  return next(request);
};
