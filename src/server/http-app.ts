import { randomUUID } from "node:crypto";
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from "fastify";
import { errorTable } from "../errors/table.ts";
import type { Log } from "../lib/log.ts";
import { lockPort, type PortLock } from "./admin-lock/lock-port.ts";
import { namesOneHost } from "./host.ts";
import { createListener, type Listener, type ListenerTimeouts, type ListenerTls } from "./listener.ts";
import { createRoutePath } from "./route-path.ts";

/** What `createHttpApp` needs. */
export interface HttpAppOptions {
  readonly port: "public" | "admin";
  /** Its path is removed from requests, for proxies that leave it on; without one, paths are as they come. */
  readonly baseUrl?: string;
  /** PEM texts; left out, the port is in the clear. */
  readonly tls?: ListenerTls | undefined;
  readonly log: Log;
  /** Left out, whoever reaches the port is let in. */
  readonly lock?: PortLock | undefined;
  /** Milliseconds that `close` gives calls in flight. */
  readonly drainBudget?: number;
  /** Overrides, for tests. */
  readonly timeouts?: Partial<ListenerTimeouts>;
}

/** Bytes of a body of which no protocol asks: those of RPCs are let in by their intakes. */
const bodyLimit = 16_384;

/** Milliseconds, as Ory Kratos has them. */
const portTimeouts: Readonly<Record<HttpAppOptions["port"], ListenerTimeouts>> = {
  public: { header: 5_000, read: 15_000, write: 60_000, idle: 120_000 },
  admin: { header: 5_000, read: 30_000, write: 120_000, idle: 600_000 },
};

/**
 * Creates the HTTP server of a port, without routes. The protocols are mounted on
 * it, then it listens. Closing it drains: it stops accepting, lets calls in
 * flight finish within the budget, and cuts what is left.
 *
 * `request.id` is the client's `X-Request-Id` if it is fit to be logged, or a
 * new one. Fastify's own logging is off: procedures keep the log.
 */
export const createHttpApp = ({
  port,
  baseUrl,
  tls,
  lock,
  log,
  drainBudget = 120_000,
  timeouts,
}: HttpAppOptions): FastifyInstance => {
  // On `localhost` Fastify asks for one for each of its addresses.
  const listeners: Listener[] = [];
  const serverFactory: FastifyServerOptions["serverFactory"] = (onRequest) => {
    const listener = createListener({
      onRequest: onRequest as never,
      timeouts: { ...portTimeouts[port], ...timeouts },
      tls,
    });
    listeners.push(listener);
    return listener.server as Server;
  };
  const routed = new Set<string>();
  const toRoute = createRoutePath(baseUrl, (path) => routed.has(firstSegment(path)));
  const app = fastify({
    serverFactory,
    rewriteUrl: ({ url = "/" }) => toRoute(url),
    bodyLimit,
    genReqId: requestId,
    // A call that came in time is answered, drain or not.
    return503OnClosing: false,
    forceCloseConnections: false,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (_error, _request, reply) => {
      (reply as FastifyReply).code(400).send(envelope(400, "The address of the request cannot be read."));
    },
  });
  app.addHook("onRoute", ({ url }) => {
    routed.add(firstSegment(url));
  });
  app.addHook("onRequest", (request, reply, next) => {
    if (namesOneHost(request.raw)) next();
    else reply.code(400).send(envelope(400, "The request must name one host."));
  });
  if (lock !== undefined) lockPort(app, lock);
  app.addHook("preClose", async () => {
    for (const listener of listeners) listener.drain(drainBudget);
  });
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
    const status =
      error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500;
    if (status === 500) log.error({ request_id: request.id, err: error }, "a request failed inside the server");
    return reply.code(status).send(envelope(status, status === 500 ? errorTable.INTERNAL.message : error.message));
  });
  return app;
};

const firstSegment = (path: string): string => /^\/([^/?]*)/.exec(path)?.[1] ?? "";

const envelope = (code: number, message: string) => ({ error: { code, status: STATUS_CODES[code], message } });

const fitToLog = /^[\w.:+/=@-]{1,128}$/;

const requestId = (request: IncomingMessage): string => {
  const sent = request.headers["x-request-id"];
  return typeof sent === "string" && fitToLog.test(sent) ? sent : randomUUID();
};
