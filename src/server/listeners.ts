import { createHmac } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import fastifyCors from "@fastify/cors";
import type { FastifyInstance } from "fastify";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import type { Config } from "../config/config.ts";
import { createAsset } from "../hosted/asset.ts";
import type { Facts } from "../hosted/facts.ts";
import { createHosted } from "../hosted/hosted.ts";
import { createInjectClient } from "../hosted/inject-client.ts";
import type { Mailbox } from "../hosted/mailbox-page.ts";
import { sendAsset } from "../hosted/send-asset.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { ServerLog } from "../lib/log.ts";
import type { ServiceDefinition } from "../lib/service.ts";
import { createAdmit } from "./admin-lock/admin-lock.ts";
import type { LiveSession, Once } from "./answer-once.ts";
import { bindRpcs } from "./bind-rpcs.ts";
import { createBodyBudget } from "./body-budget.ts";
import type { CallLimit } from "./call-limit.ts";
import { createCallLog } from "./call-log.ts";
import { createClientAddress } from "./client-address.ts";
import { mountConnect } from "./connect/mount.ts";
import { createStreamBounds } from "./connect/stream-bounds.ts";
import { createHealth } from "./health.ts";
import { createHttpApp } from "./http-app.ts";
import { createIntake, type IntakeDeps } from "./intake.ts";
import { listenOn } from "./listen-on.ts";
import type { Metrics } from "./metrics.ts";
import { mountOpenApi } from "./openapi.ts";
import { optionOf } from "./option-of.ts";
import { createReflection } from "./reflection.ts";
import { createCors } from "./rest/cors.ts";
import type { ErrorObject } from "./rest/error-object.ts";
import { createGateway } from "./rest/routes.ts";
import { createTrustedOrigins } from "./trusted-origins.ts";

/** What the protocols are opened on. */
export interface ListenersOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: ServerLog;
  readonly metrics: Metrics;
  readonly callLimit: CallLimit;
  readonly services: readonly ServiceDefinition[];
  /** Whether a call presents a session, live or not. */
  readonly hasSessionToken: (call: Call) => boolean;
  /** The session that it presents, if it is live. */
  readonly findCaller: (call: Call) => Promise<LiveSession | undefined>;
  /** The network that an address belongs to. */
  readonly networkOf: (address: string) => string;
  /** Stores an error for the error page; returns its id, or undefined when a network has had too many stored. */
  readonly storeError: (error: ErrorObject, address: string) => Promise<string | undefined>;
  /** What keeps the server from serving, by part; empty when nothing does. */
  readonly ready: () => Readonly<Record<string, string>>;
  readonly version: string;
  /** Has requests that carry an id done once. */
  readonly repeats: { readonly once: Once };
  /** In development, where messages are sent nowhere else. */
  readonly mailbox: Mailbox | undefined;
  /** Files for pages of any origin. */
  readonly files: readonly PublicFile[];
}

/** A file of the public port. */
interface PublicFile {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
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
  clock,
  log,
  metrics,
  callLimit,
  services,
  hasSessionToken,
  findCaller,
  networkOf,
  storeError,
  ready,
  version,
  repeats,
  mailbox,
  files,
}: ListenersOptions): Listeners => {
  const { serve, selfservice } = config;
  const callLog = createCallLog({ log, metrics });
  const stopping = new AbortController();
  const deps = {
    stopping: stopping.signal,
    callLog,
    callLimit,
    clock,
    credential: hasSessionToken,
    trustedOrigin: createTrustedOrigins(trustedUrls(config)),
    repeats: { once: repeats.once, findCaller },
  };

  const { bodies } = config.limits;
  const intakeDeps: IntakeDeps = {
    budget: createBodyBudget({ total: bodies.in_flight, perNetwork: bodies.in_flight_per_network }),
    defaults: { withoutSession: bodies.without_session, withSession: bodies.with_session },
    networkOf,
    hasToken: hasSessionToken,
    isLive: async (call) => (await findCaller(call)) !== undefined,
  };

  const anyonesIntake = (method: DescMethod) =>
    createIntake({ method, mustBeAllowed: () => undefined, deps: intakeDeps });

  const { bound, receiving, sending } = bindRpcs(services, { procedures: deps, intakes: intakeDeps });

  // Keyed, so that it says nothing about secrets that are short.
  const configDigest = createHmac("sha256", config.secrets.cookie[0] ?? "")
    .update(JSON.stringify(config))
    .digest("hex");

  const descriptors = services.map(({ service }) => service);

  const pagesOn = (app: FastifyInstance) =>
    createHosted({
      publicBaseUrl: serve.public.base_url,
      fetchApi: createInjectClient(app),
      secureCookies: config.cookies.secure ?? !config.dev,
      facts: pageFacts(config),
      look: config.hosted,
      mailbox,
      log,
    });

  /** Who is let in at the admin port, and by what. */
  const adminProtections = () => {
    const { auth, base_url: baseUrl, tls, unix_socket } = serve.admin;
    return {
      tls: tls && { ...tls, clientCa: auth.type === "mtls" ? auth.client_ca : undefined },
      lock: {
        admit: createAdmit({ auth, baseUrl, isUnixSocket: unix_socket !== undefined, clock }),
        openProbes: auth.type === "api_keys",
      },
    };
  };

  const open = (port: "public" | "admin") => {
    const listener = serve[port];
    const isHere = (method: DescMethod): boolean => isAdminRpc(method) === (port === "admin");
    const other = serve[port === "public" ? "admin" : "public"];
    const standardStreams = createStreamBounds(networkOf);
    const health = createHealth({
      watchTimeout: standardStreams.timeout,
      isLogged: !listener.request_log.disable_for_health,
      ready,
      services: descriptors.filter(({ methods }) => methods.some(isHere)),
      intakeOf: anyonesIntake,
    });
    const app = createHttpApp({
      port,
      baseUrl: listener.base_url,
      log,
      ...(port === "admin" ? adminProtections() : { tls: listener.tls }),
    });
    health.mount(app, { port, version, metrics, callLog, configDigest });
    mountOpenApi(app, { port, baseUrl: listener.base_url });
    if (port === "public" && serve.public.cors.enabled) app.register(fastifyCors, () => createCors(serve.public.cors));
    const refuseVerb = mountConnect(app, {
      rpcs: bound.all.filter(({ method }) => isHere(method)),
      receiving: receiving.all.filter(({ method }) => isHere(method)),
      sending: sending.all.filter(({ method }) => isHere(method)),
      standard: [health.service, createReflection(descriptors, isHere)],
      standardStreams,
      port,
      baseUrl: listener.base_url,
      clientAddress: createClientAddress(listener.trusted_proxies),
      callLog,
    });
    const pages = port === "public" ? pagesOn(app) : undefined;
    app.register(
      createGateway({
        services: descriptors,
        procedures: (method) => bound.of(method).procedure,
        receiving: (method) => receiving.of(method).procedure,
        sending: (method) => sending.of(method).procedure,
        intakes: (method) => (method.methodKind === "unary" ? bound : receiving).of(method).intake,
        port,
        listener,
        otherBaseUrl: port === "admin" || other.has_base_url ? other.base_url : undefined,
        cors: port === "public" && serve.public.cors.enabled,
        errorUiUrl: selfservice.flows.error.ui_url,
        storeError,
        callLog,
        log,
        notFound: (request, reply) => refuseVerb(request, reply) ?? pages?.notFound(request, reply),
      }),
    );
    pages?.mount(app);
    if (port === "public") mountFiles(app, files);
    return app;
  };

  const [publicApp, adminApp] = [open("public"), open("admin")];
  return {
    listen: async () => ({
      public: await listenOn(publicApp, serve.public, "serve.public.host"),
      admin: await listenOn(adminApp, serve.admin, "serve.admin.host"),
    }),
    close: async () => {
      stopping.abort(new Error("the server stops"));
      await Promise.all([publicApp.close(), adminApp.close()]);
    },
  };
};

/** Serves files to whatever page loads them: what they are is no secret, and pages of other origins check it. */
const mountFiles = (app: FastifyInstance, files: readonly PublicFile[]): void => {
  for (const { path, type, content } of files) {
    const asset = createAsset(path, type, content);
    app.get(path, async (request, reply) => {
      reply.headers({ "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" });
      return sendAsset(asset, request, reply);
    });
  }
};

/** What the pages get of the configuration, because no API says it. */
const pageFacts = ({
  account,
  selfservice: { flows, methods },
  session,
}: Pick<Config, "account" | "selfservice" | "session">): Facts => {
  const { after } = flows.settings;
  const own = after.methods.password?.hooks ?? [];
  const { min_password_length, identifier_similarity_check_enabled } = methods.password.config;
  return {
    registrationEnabled: flows.registration.enabled,
    recoveryEnabled: flows.recovery.enabled,
    verificationEnabled: flows.verification.enabled,
    passwordRules: { minLength: min_password_length, unlikeIdentifier: identifier_similarity_check_enabled },
    passwordEndsOthers: (own.length > 0 ? own : after.hooks).some(({ hook }) => hook === "revoke_active_sessions"),
    trustsDevices: session.trusted_devices.enabled,
    mergesAccounts: account.merge.enabled,
  };
};

const isAdminRpc = (method: DescMethod): boolean => optionOf(method, access) === Access.ADMIN;

/** The sites whose pages may call with a person's cookies (architecture, protocols). */
const trustedUrls = ({ serve, selfservice }: Config): readonly string[] => [
  serve.public.base_url,
  ...Object.values(selfservice.flows).flatMap((flow) => ("ui_url" in flow ? [flow.ui_url] : [])),
  ...(serve.public.cors.enabled ? serve.public.cors.allowed_origins : []),
  ...selfservice.allowed_return_urls,
];
