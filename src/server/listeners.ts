import { type DescMethod, type DescMethodUnary, getOption } from "@bufbuild/protobuf";
import type { FastifyInstance } from "fastify";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import type { Config } from "../config/config.ts";
import { createHosted } from "../hosted/hosted.ts";
import { createInjectClient } from "../hosted/inject-client.ts";
import type { Call, Procedure } from "../lib/call.ts";
import { createClientAddress } from "../lib/client-address.ts";
import type { ServerLog } from "../lib/log.ts";
import type { ServiceDefinition } from "../lib/service.ts";
import { createCallLimit } from "./call-limit.ts";
import { createCallLog } from "./call-log.ts";
import { mountConnect } from "./connect/mount.ts";
import { createHealth } from "./health.ts";
import { bodyLimit, createHttpApp, portTimeouts } from "./http-app.ts";
import type { Metrics } from "./metrics.ts";
import { createProcedure } from "./procedure.ts";
import { createReflection } from "./reflection.ts";
import { createCors } from "./rest/cors.ts";
import type { ErrorObject } from "./rest/error-object.ts";
import { createGateway } from "./rest/routes.ts";
import { rpcName } from "./rpc-name.ts";
import { createTrustedOrigins } from "./trusted-origins.ts";

/** What the protocols are opened on. */
export interface ListenersOptions {
  readonly config: Config;
  readonly log: ServerLog;
  readonly metrics: Metrics;
  readonly services: readonly ServiceDefinition[];
  /** Whether a call presents a session, live or not. */
  readonly hasSessionToken: (call: Call) => boolean;
  /** Keeps an error for the error page; gives its id. */
  readonly storeError: (error: ErrorObject) => Promise<string>;
  /** What keeps the server from serving, by part; empty when nothing does. */
  readonly ready: () => Promise<Readonly<Record<string, string>>>;
  readonly version: string;
}

/** Both ports with all their protocols. */
export interface Listeners {
  listen(): Promise<{ readonly public: string; readonly admin: string }>;
  close(): Promise<void>;
}

/**
 * The second half of the composition root: each RPC is wrapped once into a
 * procedure, and every protocol of both ports is opened on the same procedures.
 */
export const createListeners = ({
  config,
  log,
  metrics,
  services,
  hasSessionToken,
  storeError,
  ready,
  version,
}: ListenersOptions): Listeners => {
  const { serve, selfservice } = config;
  const callLog = createCallLog({ log, metrics });
  const deps = {
    callLog,
    callLimit: createCallLimit(),
    credential: hasSessionToken,
    trustedOrigin: createTrustedOrigins(trustedUrls(config)),
  };

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

  const descriptors = services.map(({ service }) => service);

  const pages = (app: FastifyInstance) =>
    createHosted({
      publicBaseUrl: serve.public.base_url,
      fetchApi: createInjectClient(app),
      secureCookies: config.cookies.secure ?? !config.dev,
      registrationEnabled: selfservice.flows.registration.enabled,
      log,
    });

  const open = (port: "public" | "admin") => {
    const listener = serve[port];
    const isHere = (method: DescMethod): boolean => isAdminRpc(method) === (port === "admin");
    const other = serve[port === "public" ? "admin" : "public"];
    const health = createHealth({ ready, services: descriptors.filter(({ methods }) => methods.some(isHere)) });
    const app = createHttpApp({ port, baseUrl: listener.base_url, tls: listener.tls, log });
    health.mount(app, { port, version, metrics });
    if (port === "public" && serve.public.cors.enabled) app.addHook("onRequest", createCors(serve.public.cors));
    mountConnect(app, {
      rpcs: rpcs.filter(({ method }) => isHere(method)),
      services: [health.service, createReflection(descriptors, isHere)],
      port,
      baseUrl: listener.base_url,
      clientAddress: createClientAddress(listener.trusted_proxies),
      callLog,
      limits: { bytes: bodyLimit, wait: portTimeouts[port].read },
    });
    app.register(
      createGateway({
        services: descriptors,
        procedures: procedureOf,
        port,
        listener,
        otherBaseUrl: port === "admin" || other.has_base_url ? other.base_url : undefined,
        cors: port === "public" && serve.public.cors.enabled,
        errorUiUrl: selfservice.flows.error.ui_url,
        storeError,
        log,
        bodyLimit,
      }),
    );
    if (port === "public") app.register(pages(app));
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

const isAdminRpc = (method: DescMethod): boolean => getOption(method, access) === Access.ADMIN;

const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === "unary";

/** The sites whose pages may call with a person's cookies (architecture, protocols). */
const trustedUrls = ({ serve, selfservice }: Config): readonly string[] => [
  serve.public.base_url,
  ...Object.values(selfservice.flows).flatMap((flow) => ("ui_url" in flow ? [flow.ui_url] : [])),
  ...(serve.public.cors.enabled ? serve.public.cors.allowed_origins : []),
  ...selfservice.allowed_return_urls,
];
