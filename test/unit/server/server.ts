import type { AddressInfo } from "node:net";
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { FastifyInstance } from "fastify";
import { LoginService } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { SessionService } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsService } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { Call } from "../../../src/lib/call.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createAccessCheck } from "../../../src/server/access-check.ts";
import { admitted } from "../../../src/server/admin-lock/admission.ts";
import { createBodyBudget } from "../../../src/server/body-budget.ts";
import { createCallLimit } from "../../../src/server/call-limit.ts";
import { createCallLog } from "../../../src/server/call-log.ts";
import { createClientAddress } from "../../../src/server/client-address.ts";
import { mountConnect } from "../../../src/server/connect/mount.ts";
import { createStreamBounds, type StreamNumbers } from "../../../src/server/connect/stream-bounds.ts";
import { createHealth } from "../../../src/server/health.ts";
import { createHttpApp, type HttpAppOptions } from "../../../src/server/http-app.ts";
import { createIntake } from "../../../src/server/intake.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import { createProcedure } from "../../../src/server/procedure.ts";
import type { ProtoFiles } from "../../../src/server/proto-files.ts";
import { createReflection } from "../../../src/server/reflection.ts";
import { createTrustedOrigins } from "../../../src/server/trusted-origins.ts";

/** What an RPC does in a test. */
export type Fake = (request: Message, call: Call) => Promise<Message> | Message;

/** How a test's server differs from the usual. */
export interface ServerOptions extends Partial<Omit<HttpAppOptions, "log">> {
  readonly bytes?: number;
  readonly trustedProxies?: readonly string[];
  readonly ready?: () => Record<string, string>;
  readonly calls?: number;
  /** How many streams of health and reflection may be open at once, and for how long. */
  readonly streams?: StreamNumbers;
  readonly protoFiles?: ProtoFiles;
  readonly logsHealth?: boolean;
}

/** A server on a free port. */
export interface TestServer {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly port: number;
  /** Every line of its log. */
  readonly lines: Record<string, unknown>[];
  readonly metrics: () => Promise<string>;
  readonly close: () => Promise<void>;
}

const services = [SettingsService, SessionService, LoginService];

/** Serves real RPCs with made-up insides through every protocol but REST. */
export const serve = async (
  fakes: readonly (readonly [DescMethodUnary, Fake])[],
  options: ServerOptions = {},
): Promise<TestServer> => {
  const {
    port = "public",
    bytes = 2 ** 20,
    trustedProxies = [],
    ready = () => ({}),
    calls,
    streams,
    protoFiles,
    logsHealth = true,
    ...appOptions
  } = options;
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level: "info", format: "json" }, { write: (line) => lines.push(JSON.parse(line)) });
  const metrics = createMetrics();
  const callLog = createCallLog({ log, metrics });
  const admit = () => admitted({ name: "test", scopes: ["*"] });
  const lock = port === "admin" ? { admit, openProbes: false } : undefined;
  const app = createHttpApp({ port, lock, log, ...appOptions });
  const deps = {
    callLog,
    callLimit: createCallLimit(calls),
    clock: systemClock,
    credential: ({ headers }: Call) => headers.cookie !== undefined || headers["x-session-token"] !== undefined,
    trustedOrigin: createTrustedOrigins(["https://app.example.com"]),
  };
  const intakeDeps = {
    budget: createBodyBudget({ total: 2 ** 24, perNetwork: 2 ** 24 }),
    defaults: { withoutSession: bytes, withSession: bytes },
    networkOf: (address: string) => address,
    hasToken: deps.credential,
    isLive: async () => true,
  };
  const standardStreams = createStreamBounds((address) => address, streams);
  const health = createHealth({
    watchTimeout: standardStreams.timeout,
    isLogged: logsHealth,
    ready,
    services,
    intakeOf: (method) => createIntake({ method, mustBeAllowed: () => undefined, deps: intakeDeps }),
  });
  health.mount(app, { port, version: "1.2.3", metrics, callLog, configDigest: "digest" });
  const refuseVerb = mountConnect(app, {
    rpcs: fakes.map(([method, run]) => ({
      method,
      procedure: createProcedure({ method, run: async (request, call) => run(request, call) as never, deps }) as never,
      intake: createIntake({ method, mustBeAllowed: createAccessCheck({ method, ...deps }), deps: intakeDeps }),
    })),
    standard: [health.service, createReflection(services, undefined, protoFiles)],
    standardStreams,
    port,
    baseUrl: "https://id.example.com/base/",
    clientAddress: createClientAddress(trustedProxies),
    callLog,
  });
  app.setNotFoundHandler((request, reply) => refuseVerb(request, reply) ?? reply.code(404).send());
  await app.listen({ host: "127.0.0.1", port: 0 });
  const at = (app.server.address() as AddressInfo).port;
  return {
    app,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${at}`,
    port: at,
    lines,
    metrics: () => metrics.registry.metrics(),
    close: () => app.close(),
  };
};
