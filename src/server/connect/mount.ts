import type { DescMethodUnary } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { FastifyInstance } from "fastify";
import type { Procedure } from "../../lib/call.ts";
import { rpcName } from "../rpc-name.ts";
import { createUnaryRoute, type UnaryDeps } from "./unary.ts";

/** An RPC and what answers it. */
export interface BoundRpc {
  readonly method: DescMethodUnary;
  readonly procedure: Procedure;
}

/** What `mountConnect` needs beside the deps of its unary routes. */
export interface ConnectOptions extends UnaryDeps {
  readonly rpcs: Iterable<BoundRpc>;
  /** Services that stream and do without procedures: health and reflection. */
  readonly services: readonly ((router: ConnectRouter) => void)[];
}

/**
 * Mounts the Connect, gRPC and gRPC-Web protocols: the RPCs of ours, and the
 * services that are the protocol's own. No RPC answers a GET.
 */
export const mountConnect = (app: FastifyInstance, { rpcs, services, ...deps }: ConnectOptions): void => {
  app.register((scope, _options, done) => {
    // Bodies are read here, not by parsers of the app.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    for (const { method, procedure } of rpcs) {
      const route = createUnaryRoute(method, procedure, deps);
      scope.all(`/${rpcName(method)}`, { exposeHeadRoute: false }, (request, reply) => {
        route(request, reply).catch(() => reply.raw.destroy());
      });
    }
    done();
  });
  app.register((scope, _options, done) => {
    scope.addHook("onRequest", (request, reply, next) => {
      // The library makes a URL of the host and does not answer when it is none.
      if (URL.canParse(`http://${request.host}`)) return next();
      reply.code(400).send({ code: "invalid_argument", message: "the request names no host" });
    });
    scope.register(fastifyConnectPlugin, {
      routes: (router) => {
        for (const mount of services) mount(router);
      },
      acceptCompression: [],
      readMaxBytes: deps.limits.bytes,
      shutdownTimeoutMs: 0,
    });
    done();
  });
};
