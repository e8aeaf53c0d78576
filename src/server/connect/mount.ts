import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createContextValues, type Interceptor } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { FastifyInstance } from "fastify";
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

/**
 * Mounts the Connect, gRPC and gRPC-Web protocols: the RPCs of ours, and the
 * services that are the protocol's own. No RPC answers a GET.
 */
export const mountConnect = (
  app: FastifyInstance,
  { rpcs, receiving = [], sending = [], standard, standardStreams, ...deps }: ConnectOptions,
): void => {
  app.register((scope, _options, done) => {
    // Bodies are read here, not by parsers of the app.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    const mounted = new Set<string>();
    const mountRoute = (method: DescMethod, route: UnaryRoute, config: LockedRoute): void => {
      const rpc = rpcName(method);
      mounted.add(rpc);
      scope.post(`/${rpc}`, { config }, (request, reply) => {
        route(request, reply).catch(() => reply.raw.destroy());
      });
    };
    for (const rpc of rpcs) mountRoute(rpc.method, createUnaryRoute(rpc, deps), { asksAdmission: true });
    for (const rpc of receiving) mountRoute(rpc.method, createReceivingRoute(rpc, deps), { asksAdmission: true });
    // How the server is may be asked by probes that have no keys.
    for (const { rpcs: own, isLogged } of standard) {
      const callLog: CallLog = { ...deps.callLog, of: (rpc) => deps.callLog.of(rpc, isLogged) };
      for (const rpc of own)
        mountRoute(rpc.method, createUnaryRoute(recorded(rpc, callLog), { ...deps, callLog }), { isProbe: true });
    }
    refuseOtherVerbs(scope, mounted);
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
    scope.register(fastifyConnectPlugin, {
      routes: (router) => {
        for (const { mount } of standard) mount(router);
        for (const rpc of sending) routeSending(rpc, deps)(router);
      },
      // Requests may be compressed as everywhere; answers are not.
      acceptCompression: [compressionGzip, compressionBrotli],
      compressMinBytes: Number.MAX_SAFE_INTEGER,
      contextValues: (request) => createContextValues().set(requestKey, request).set(streamKey, streamOf(request)),
      interceptors: [noteEnd, asInvalidArgument],
      readMaxBytes: longestName,
      ...(deps.registry && { jsonOptions: { registry: deps.registry } }),
      shutdownTimeoutMs: 0,
    });
    done();
  });
};

/** One route for each service: with one for each verb of each RPC the start of a server takes a third longer. */
const refuseOtherVerbs = (scope: FastifyInstance, mounted: ReadonlySet<string>): void => {
  const method = scope.supportedMethods.filter((verb) => verb !== "POST");
  for (const service of new Set([...mounted].map((rpc) => rpc.slice(0, rpc.indexOf("/")))))
    scope.route<{ Params: { readonly rpc: string } }>({
      method,
      url: `/${service}/:rpc`,
      exposeHeadRoute: false,
      handler: (request, reply) => {
        if (!mounted.has(`${service}/${request.params.rpc}`)) return reply.callNotFound();
        reply.hijack();
        refuse(request, reply);
      },
    });
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
