import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createContextValues, type Interceptor } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Call, Procedure } from "../../lib/call.ts";
import type { LockedRoute } from "../admin-lock/lock-port.ts";
import type { CallLog } from "../call-log.ts";
import { rpcName } from "../rpc-name.ts";
import { type BoundReceiving, createReceivingRoute } from "./receiving.ts";
import { type BoundSending, guardSending, requestKey, routeSending } from "./sending.ts";
import { followStreams, noteEnd, streamKey, streamOf } from "./standard-streams.ts";
import type { StreamBounds } from "./stream-bounds.ts";
import { type BoundRpc, createUnaryRoute, refuse, type UnaryDeps, type UnaryRoute } from "./unary.ts";

/** Bytes of a message to health or reflection: the name of a service or of a type. */
const longestName = 4_096;

/** What `mountConnect` needs beside the deps of its unary routes. */
export interface ConnectOptions extends UnaryDeps {
  readonly rpcs: Iterable<BoundRpc>;
  /** Those whose requests are a stream. */
  readonly receiving?: Iterable<BoundReceiving>;
  /** Those whose answers are a stream. */
  readonly sending?: readonly BoundSending[];
  /** Services that are the protocol's own and do without the pipeline: health and reflection. They are recorded. */
  readonly standard: readonly StandardService[];
  /** How many streams of these may be open at once, and for how long. */
  readonly standardStreams: StreamBounds;
}

/** A service that every gRPC server has. */
export interface StandardService {
  /** Its unary RPCs. */
  readonly rpcs: readonly BoundRpc[];
  /** Those that stream. */
  readonly streams: readonly DescMethod[];
  /** Whether its calls stand in the log; they are counted in any case. */
  readonly isLogged: boolean;
  readonly mount: (router: ConnectRouter) => void;
}

/** Answers a request whose verb is not POST, where its path is that of an RPC; undefined where it is not. */
export type RefuseVerb = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined;

/**
 * Mounts the Connect, gRPC and gRPC-Web protocols: the RPCs of ours, and the
 * services that are the protocol's own. No RPC answers a GET: what is returned
 * says so, and is asked for requests that no route takes.
 */
export const mountConnect = (
  app: FastifyInstance,
  { rpcs, receiving = [], sending = [], standard, standardStreams, ...deps }: ConnectOptions,
): RefuseVerb => {
  const unary = new Map<string, UnaryRoute>();
  for (const rpc of rpcs) unary.set(`/${rpcName(rpc.method)}`, createUnaryRoute(rpc, deps));
  for (const rpc of receiving) unary.set(`/${rpcName(rpc.method)}`, createReceivingRoute(rpc, deps));
  const probes = new Map<string, UnaryRoute>();
  for (const { rpcs: own, isLogged } of standard) {
    const callLog: CallLog = { ...deps.callLog, of: (rpc) => deps.callLog.of(rpc, isLogged) };
    for (const rpc of own)
      probes.set(`/${rpcName(rpc.method)}`, createUnaryRoute(recorded(rpc, callLog), { ...deps, callLog }));
  }
  app.register((scope, _options, done) => {
    // Bodies are read here, not by parsers of the app.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    mountRoutes(scope, unary, { asksAdmission: true });
    // How the server is may be asked by probes that have no keys.
    mountRoutes(scope, probes, { isProbe: true });
    done();
  });
  app.register((scope, _options, done) => {
    scope.addHook("onRequest", (request, reply, next) => {
      if (request.method !== "POST") return reply.code(405).header("allow", "POST").send("An RPC is called by POST.\n");
      // The library makes a URL of the host and does not answer when it is none.
      if (URL.canParse(`http://${request.host}`)) return next();
      reply.code(400).send({ code: "invalid_argument", message: "the request names no host" });
    });
    guardSending(scope, sending, deps);
    const recorders = standard.flatMap(({ streams, isLogged }) =>
      streams.map(rpcName).map((rpc) => [`/${rpc}`, deps.callLog.of(rpc, isLogged)] as const),
    );
    followStreams(scope, { ...deps, recorders: new Map(recorders), bounds: standardStreams });
    const routes = (router: ConnectRouter): void => {
      for (const { mount } of standard) mount(router);
      for (const rpc of sending) routeSending(rpc, deps)(router);
    };
    const library = {
      routes,
      // Requests may be compressed as everywhere; answers are not.
      acceptCompression: [compressionGzip, compressionBrotli],
      compressMinBytes: Number.MAX_SAFE_INTEGER,
      contextValues: (request: FastifyRequest) =>
        createContextValues().set(requestKey, request).set(streamKey, streamOf(request)),
      interceptors: [noteEnd, asInvalidArgument],
      readMaxBytes: longestName,
      ...(deps.registry && { jsonOptions: { registry: deps.registry } }),
      shutdownTimeoutMs: 0,
    };
    // This scope is its own already.
    fastifyConnectPlugin(scope, library, done);
  });
  return (request, reply) => {
    const [path = ""] = request.url.split("?", 1);
    if (!unary.has(path) && !probes.has(path)) return undefined;
    reply.hijack();
    refuse(request, reply);
    return reply;
  };
};

/** One route for each service, with its RPCs as the parameter: with one for each RPC a start takes a fifth longer. */
const mountRoutes = (scope: FastifyInstance, routes: ReadonlyMap<string, UnaryRoute>, config: LockedRoute): void => {
  const services = Map.groupBy(routes, ([path]) => path.slice(0, path.lastIndexOf("/")));
  for (const [service, own] of services) {
    const byName = new Map(own.map(([path, route]) => [path.slice(service.length + 1), route]));
    scope.post<{ Params: { readonly rpc: string } }>(
      `${service}/:rpc(${[...byName.keys()].join("|")})`,
      { config },
      (request, reply) => {
        byName
          .get(request.params.rpc)?.(request, reply)
          .catch(() => reply.raw.destroy());
      },
    );
  }
};

/** Records the calls of an RPC that has no procedure to do it. */
const recorded = ({ method, procedure, intake }: BoundRpc, callLog: CallLog): BoundRpc => {
  const record = callLog.of(rpcName(method));
  const run = procedure as unknown as (request: Message, call: Call) => Promise<Message>;
  return {
    method,
    intake,
    procedure: (async (request: Message, call: Call) => {
      const startedAt = performance.now();
      try {
        const answer = await run(request, call);
        record(call, startedAt);
        return answer;
      } catch (error) {
        record(call, startedAt, ConnectError.from(error).code);
        throw error;
      }
    }) as unknown as Procedure,
  };
};

/** A message that cannot be read is its client's fault; the library says INTERNAL where the protocol is gRPC. */
const asInvalidArgument: Interceptor = (next) => (request) =>
  next(request.stream ? { ...request, message: readable(request.message) } : request);

async function* readable<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.Internal) throw error;
    throw new ConnectError("the message cannot be read", Code.InvalidArgument, undefined, undefined, error);
  }
}
