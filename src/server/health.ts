import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  Health,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "../../gen/health/v1/health_pb.ts";
import type { Call, Procedure } from "../lib/call.ts";
import type { Intake } from "../lib/intake.ts";
import { admissionOf } from "./admin-lock/admission.ts";
import type { LockedRoute } from "./admin-lock/lock-port.ts";
import type { CallLog, Recorder } from "./call-log.ts";
import type { StandardService } from "./connect/mount.ts";
import type { BoundRpc } from "./connect/unary.ts";
import type { Metrics } from "./metrics.ts";
import { createChanges } from "./watch-changes.ts";

/** What `createHealth` needs. */
export interface HealthDeps {
  /** What stops the server from doing its work, by the part that does: empty when nothing does. Asks nobody. */
  readonly ready: () => Readonly<Record<string, string>>;
  /** The services of the port, each of which is as healthy as the server. */
  readonly services: readonly DescService[];
  /** How the bodies of an RPC that anyone may call are let in. */
  readonly intakeOf: (method: DescMethod) => Intake;
  /** Milliseconds after which a `Watch` ends; its client opens another one. */
  readonly watchTimeout: number;
  /** Whether calls of the gRPC service and of `/health` stand in the log. They are counted in any case. */
  readonly isLogged: boolean;
}

/** How the server is, over gRPC and HTTP. */
export interface ServerHealth {
  /** grpc.health.v1, for `mountConnect`. */
  readonly service: StandardService;
  /** `/health/alive` and `/health/ready`; on the admin port also `/version` and metrics. */
  readonly mount: (app: FastifyInstance, options: HealthRoutes) => void;
}

/** What the HTTP routes need. */
export interface HealthRoutes {
  readonly port: Call["port"];
  readonly version: string;
  readonly metrics: Metrics;
  readonly callLog: Pick<CallLog, "of">;
  /** Tells configurations apart, and says nothing about them. */
  readonly configDigest: string;
}

/** Creates health checks: whether the server can answer calls. */
export const createHealth = ({ ready, services, intakeOf, watchTimeout, isLogged }: HealthDeps): ServerHealth => {
  const names = new Set(["", Health.typeName, ...services.map(({ typeName }) => typeName)]);
  const status = (): Status => (Object.keys(ready()).length === 0 ? Status.SERVING : Status.NOT_SERVING);

  /** Answered at once, without asking anybody: it needs no procedure's pipeline. */
  const unary = <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    answer: (request: MessageShape<I>) => MessageShape<O>,
  ): BoundRpc => ({
    method,
    procedure: (async (request: MessageShape<I>) => answer(request)) as Procedure,
    intake: intakeOf(method),
  });

  const changes = createChanges(status);

  async function* watch(known: boolean, ended: AbortSignal) {
    const late = AbortSignal.timeout(watchTimeout);
    const signal = AbortSignal.any([ended, late]);
    let reported: Status | undefined;
    while (!signal.aborted) {
      const ours = status();
      const now = known ? ours : Status.SERVICE_UNKNOWN;
      if (now !== reported) yield { status: now };
      reported = now;
      await changes.next(ours, signal);
    }
    const why = ended.aborted ? "the server is shutting down" : "the stream has lasted for long: open another";
    throw new ConnectError(why, Code.Unavailable);
  }

  return {
    service: {
      rpcs: [
        unary(Health.method.check, ({ service }) => {
          if (!names.has(service)) throw new ConnectError("no such service", Code.NotFound);
          return create(HealthCheckResponseSchema, { status: status() });
        }),
        unary(Health.method.list, () => {
          const now = create(HealthCheckResponseSchema, { status: status() });
          return create(HealthListResponseSchema, {
            statuses: Object.fromEntries([...names].map((name) => [name, now])),
          });
        }),
      ],
      streams: [Health.method.watch],
      isLogged,
      mount: (router) =>
        router.rpc(Health.method.watch, ({ service }, { signal }) => watch(names.has(service), signal)),
    },
    mount: (app, { port, version, metrics, callLog, configDigest }) => {
      const get = (path: string, answer: (reply: FastifyReply, isTrusted: boolean) => unknown, config: LockedRoute) => {
        const onResponse = recordWith(callLog.of(path.slice(1), isLogged || !path.startsWith("/health/")), port);
        // The admin port takes its paths with and without the prefix.
        for (const prefix of port === "admin" ? ["", "/admin"] : [""]) {
          app.get(`${prefix}${path}`, { config, onResponse }, (request, reply) => {
            const admission = admissionOf(request);
            return answer(
              reply.header("cache-control", "private, no-cache, no-store, must-revalidate"),
              admission !== undefined && "operator" in admission,
            );
          });
        }
      };
      const probe: LockedRoute = { isProbe: true };
      get("/health/alive", async () => ({ status: "ok" }), probe);
      get(
        "/health/ready",
        async (reply, isTrusted) => {
          const errors = ready();
          const parts = Object.keys(errors);
          if (parts.length === 0) return { status: "ok" };
          reply.code(503);
          // What is wrong inside is nobody's business outside.
          return { errors: isTrusted ? errors : Object.fromEntries(parts.map((part) => [part, "not ready"])) };
        },
        probe,
      );
      if (port !== "admin") return;
      get("/version", async () => ({ version }), {});
      get("/health/config", async (reply) => reply.type("text/plain; charset=utf-8").send(configDigest), {});
      get(
        "/metrics/prometheus",
        async (reply) => {
          reply.type(metrics.registry.contentType);
          return metrics.registry.metrics();
        },
        { scope: "metrics.read" },
      );
    },
  };
};

/** Records requests that no procedure records, once they are answered. */
const recordWith =
  (record: Recorder, port: Call["port"]) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { headers, id: requestId } = request;
    const startedAt = performance.now() - reply.elapsedTime;
    record({ protocol: "rest", port, requestId, headers }, startedAt, codeOf(reply.statusCode));
  };

/** The code of a status of these routes and of those that the lock of a port refuses with; undefined: all is well. */
const codeOf = (status: number): Code | undefined => {
  if (status < 400) return undefined;
  return codes.get(status) ?? Code.Unknown;
};

const codes: ReadonlyMap<number, Code> = new Map([
  [400, Code.InvalidArgument],
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [503, Code.Unavailable],
]);
