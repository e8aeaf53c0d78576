import type { DescMethod, DescMethodUnary } from "@bufbuild/protobuf";
import type { Config } from "./config/config.ts";
import type { ServiceDefinition } from "./flows/service.ts";
import { createCors } from "./gateway/cors.ts";
import type { ErrorObject } from "./gateway/error-object.ts";
import { createGateway } from "./gateway/routes.ts";
import type { Call, Procedure } from "./lib/call.ts";
import type { ServerLog } from "./lib/log.ts";
import { createCallLimit } from "./transport/call-limit.ts";
import { createCallLog } from "./transport/call-log.ts";
import { createClientAddress } from "./transport/client-address.ts";
import { mountConnect } from "./transport/connect.ts";
import { bodyLimit, createHttpApp, portTimeouts } from "./transport/http-app.ts";
import type { Metrics } from "./transport/metrics.ts";
import { createProcedure } from "./transport/procedure.ts";
import { rpcName } from "./transport/rpc-name.ts";
import { createTrustedOrigins } from "./transport/trusted-origins.ts";

/** What the doors are opened on. */
export interface DoorsOptions {
  readonly config: Config;
  readonly log: ServerLog;
  readonly metrics: Metrics;
  readonly services: readonly ServiceDefinition[];
  /** Whether a call presents a session, live or not. */
  readonly presentsSession: (call: Call) => boolean;
  /** Keeps an error for the error page; gives its id. */
  readonly storeError: (error: ErrorObject) => Promise<string>;
  /** Rejects while the server cannot serve. */
  readonly ready: () => Promise<void>;
}

/** Both ports with all their doors. */
export interface Doors {
  listen(): Promise<{ readonly public: string; readonly admin: string }>;
  close(): Promise<void>;
}

/**
 * The second half of the composition root: each RPC is wrapped once into a
 * procedure, and every door of both ports is opened on the same procedures.
 */
export const createDoors = ({ config, log, metrics, services, presentsSession, storeError }: DoorsOptions): Doors => {
  const { serve, selfservice } = config;
  const callLog = createCallLog({ log, metrics });
  const deps = { callLog, callLimit: createCallLimit(), credential: presentsSession, trustedOrigin: createTrustedOrigins(trustedUrls(config)) };

  const procedures = new Map<string, Procedure>();
  const rpcs: { method: DescMethodUnary; procedure: Procedure }[] = [];
  for (const { service, rpcs: implementations } of services) {
    for (const method of service.methods) {
      const rpc = implementations[method.localName];
      if (rpc === undefined || !isUnary(method)) throw new Error(`${rpcName(method)} has no implementation`);
      const procedure = createProcedure({ method, ...rpc, deps }) as Procedure;
      procedures.set(rpcName(method), procedure);
      rpcs.push({ method, procedure });
    }
  }
  const procedureOf = (method: DescMethod): Procedure => {
    const procedure = procedures.get(rpcName(method));
    if (procedure === undefined) throw new Error(`${rpcName(method)} has no procedure`);
    return procedure;
  };

  const open = (port: "public" | "admin") => {
    const listener = serve[port];
    const app = createHttpApp({ port, tls: listener.tls, log });
    if (port === "public" && serve.public.cors.enabled) app.addHook("onRequest", createCors(serve.public.cors));
    mountConnect(app, {
      rpcs,
      services: [],
      port,
      baseUrl: listener.base_url,
      clientAddress: createClientAddress(listener.trusted_proxies),
      callLog,
      limits: { bytes: bodyLimit, wait: portTimeouts[port].read },
    });
    app.register(
      createGateway({
        services: services.map(({ service }) => service),
        procedures: procedureOf,
        port,
        listener,
        otherBaseUrl: serve[port === "public" ? "admin" : "public"].base_url,
        cors: port === "public" && serve.public.cors.enabled,
        errorUiUrl: selfservice.flows.error.ui_url,
        storeError,
        bodyLimit,
      }),
    );
    return app;
  };

  const [publicApp, adminApp] = [open("public"), open("admin")];
  return {
    listen: async () => ({
      public: await publicApp.listen({ host: serve.public.host, port: serve.public.port }),
      admin: await adminApp.listen({ host: serve.admin.host, port: serve.admin.port }),
    }),
    close: async () => {
      await Promise.all([publicApp.close(), adminApp.close()]);
    },
  };
};

const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === "unary";

/** The sites whose pages may call with a person's cookies (architecture, doors). */
const trustedUrls = ({ serve, selfservice }: Config): readonly string[] => [
  serve.public.base_url,
  ...Object.values(selfservice.flows).flatMap((flow) => ("ui_url" in flow ? [flow.ui_url] : [])),
  ...(serve.public.cors.enabled ? serve.public.cors.allowed_origins : []),
  ...selfservice.allowed_return_urls,
];
