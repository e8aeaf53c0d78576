import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply } from "fastify";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/health/v1/health_pb.ts";
import type { Call } from "../lib/call.ts";
import type { Metrics } from "./metrics.ts";

/** What `createHealth` needs. */
export interface HealthDeps {
  /** What stops the server from doing its work, by the part that does: empty when nothing does. */
  readonly ready: () => Promise<Readonly<Record<string, string>>>;
  /** The services of the port, each of which is as healthy as the server. */
  readonly services: readonly DescService[];
}

/** How the server is, over gRPC and HTTP. */
export interface ServerHealth {
  /** grpc.health.v1, for `mountConnect`. */
  readonly service: (router: ConnectRouter) => void;
  /** `/health/alive` and `/health/ready`; on the admin port also `/version` and metrics. */
  readonly mount: (app: FastifyInstance, options: HealthRoutes) => void;
}

/** What the HTTP routes need. */
export interface HealthRoutes {
  readonly port: Call["port"];
  readonly version: string;
  readonly metrics: Metrics;
}

/** Milliseconds between two looks at the server's state while someone watches it. */
const watchInterval = 2_000;

/** Creates the answers to "are you well?". */
export const createHealth = ({ ready, services }: HealthDeps): ServerHealth => {
  const names = new Set(["", Health.typeName, ...services.map(({ typeName }) => typeName)]);
  const problems = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      return await ready();
    } catch (error) {
      return { server: error instanceof Error ? error.message : "unknown" };
    }
  };
  const status = async (): Promise<Status> =>
    Object.keys(await problems()).length === 0 ? Status.SERVING : Status.NOT_SERVING;

  async function* watch(known: boolean, signal: AbortSignal) {
    let told: Status | undefined;
    while (!signal.aborted) {
      const now = known ? await status() : Status.SERVICE_UNKNOWN;
      if (now !== told) yield { status: now };
      told = now;
      await pause(watchInterval, signal);
    }
    throw new ConnectError("the server is shutting down", Code.Unavailable);
  }

  return {
    service: (router) =>
      router.service(Health, {
        check: async ({ service }) => {
          if (!names.has(service)) throw new ConnectError("no such service", Code.NotFound);
          return { status: await status() };
        },
        list: async () => {
          const now = await status();
          return { statuses: Object.fromEntries([...names].map((name) => [name, { status: now }])) };
        },
        watch: ({ service }, { signal }) => watch(names.has(service), signal),
      }),
    mount: (app, { port, version, metrics }) => {
      const get = (path: string, answer: (reply: FastifyReply) => unknown) => {
        // The admin port takes its paths with and without the prefix.
        for (const prefix of port === "admin" ? ["", "/admin"] : [""]) {
          app.get(`${prefix}${path}`, (_request, reply) =>
            answer(reply.header("cache-control", "private, no-cache, no-store, must-revalidate")),
          );
        }
      };
      get("/health/alive", async () => ({ status: "ok" }));
      get("/health/ready", async (reply) => {
        const errors = await problems();
        const parts = Object.keys(errors);
        if (parts.length === 0) return { status: "ok" };
        reply.code(503);
        // What is wrong inside is nobody's business outside.
        return { errors: port === "admin" ? errors : Object.fromEntries(parts.map((part) => [part, "not ready"])) };
      });
      if (port !== "admin") return;
      get("/version", async () => ({ version }));
      get("/metrics/prometheus", async (reply) => {
        reply.type(metrics.registry.contentType);
        return metrics.registry.metrics();
      });
    },
  };
};

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
