/**
 * The REST protocol: one Fastify plugin a port, its routes made by walking the
 * descriptors of the services. It owns paths, verbs, content types, redirects
 * and the JSON of messages, by the rules of rules.md. It knows no RPC: what a
 * call does is in its procedure, which is called in process.
 */
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
} from "fastify";
import { writes_on_get } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call, Procedure, ReceivingProcedure, SendingProcedure } from "../../lib/call.ts";
import type { AdmittedBody, Intake } from "../../lib/intake.ts";
import type { Log } from "../../lib/log.ts";
import type { CallLog } from "../call-log.ts";
import { optionOf } from "../option-of.ts";
import { rpcName } from "../rpc-name.ts";
import { compileAnswer } from "./answer.ts";
import { prepareMultipart } from "./body.ts";
import { createCallOf } from "./call.ts";
import { createClientRequestOf } from "./client-request.ts";
import { createReaders } from "./decode.ts";
import { createPrinters } from "./encode.ts";
import type { ErrorObject } from "./error-object.ts";
import { answersLines, isForOperators, isOfLines, type Route, routesOf } from "./http-rule.ts";
import { createLinesHandle, createSentLinesHandle } from "./lines.ts";
import { compilePaging } from "./paging.ts";
import { createPortRoutes } from "./port-routes.ts";
import { compileReadRequest } from "./read-request.ts";
import { createFindVerbs, refusedVerbs, verbs, verbsBeside, withoutLastParameter } from "./refused-verbs.ts";
import { type Answering, createRespond, type Respond } from "./respond.ts";

/** What the REST gateway of a port needs. */
export interface GatewayOptions {
  /** Every service whose RPCs have REST bindings, those of the other port included. */
  readonly services: readonly DescService[];
  /** The wrapped procedure of an RPC; throws for one that has none. */
  readonly procedures: (method: DescMethod) => Procedure;
  /** The same for RPCs whose requests are a stream. */
  readonly receiving: (method: DescMethod) => ReceivingProcedure;
  /** The same for RPCs whose answers are a stream. */
  readonly sending: (method: DescMethod) => SendingProcedure;
  /** How the bodies of an RPC are let in. */
  readonly intakes: (method: DescMethod) => Intake;
  readonly port: Call["port"];
  readonly listener: { readonly base_url: string; readonly trusted_proxies: readonly string[] };
  /** Base URL of the other port, where its paths are sent; undefined: they are not found. */
  readonly otherBaseUrl: string | undefined;
  /** Whether other origins may read answers; see createCors. */
  readonly cors: boolean;
  readonly errorUiUrl: string | undefined;
  readonly storeError: (error: ErrorObject, address: string) => Promise<string | undefined>;
  /** For calls that are refused before their procedure begins, which records every other. */
  readonly callLog: Pick<CallLog, "of">;
  /** For what goes wrong outside of procedures. */
  readonly log: Pick<Log, "error">;
  /** Answers what is nowhere, where it can do better than a line of text. */
  readonly notFound?: ((request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined) | undefined;
}

/** What a route does with a request. */
interface RouteHandler {
  readonly handle: Handle;
  readonly answering: Answering;
  /** Records a call that was refused before the route was asked. */
  readonly refuse: (request: FastifyRequest, reply: FastifyReply, error: ServiceError) => void;
}

type ReadRequest = Awaited<ReturnType<ReturnType<typeof compileReadRequest>>>;

type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Compiled once, whichever ports are opened: they depend on the types alone. */
const printers = createPrinters();
const readers = createReaders();

/** Creates the REST protocol of a port. Register it without a prefix; unknown paths of the port end here. */
export const createGateway = (options: GatewayOptions): FastifyPluginAsync => {
  const clientRequestOf = createClientRequestOf(options.listener);
  const callOf = createCallOf(options.port, clientRequestOf);
  const respond = createRespond({ printers, clientRequestOf, ...options });
  // Proxies that leave it on and those that remove it hear the same: it is removed from requests here (route-path.ts).
  const basePath = new URL(options.listener.base_url).pathname.replace(/\/+$/, "");
  const all = options.services.flatMap((service) => service.methods.flatMap(routesOf));
  const isHere = (route: Route): boolean => isForOperators(route) === (options.port === "admin");

  /** What a request of a route goes through, from bytes to bytes. */
  const handleOf = (route: Route): RouteHandler => {
    const record = options.callLog.of(rpcName(route.method));
    const refuse: RouteHandler["refuse"] = (request, reply, error) =>
      record(callOf(request, reply), performance.now(), error);
    const answering: Answering = {
      answer: compileAnswer(route, printers),
      isGet: route.verb === "GET",
      programsOnly: route.programsOnly,
    };
    if (isOfLines(route)) {
      const procedure = options.receiving(route.method) as ReceivingProcedure<Message, Message>;
      const bound = { route, answering, procedure, intake: options.intakes(route.method) };
      return { handle: createLinesHandle(bound, { readers, printers, callOf, respond }), answering, refuse };
    }
    if (answersLines(route)) {
      const procedure = options.sending(route.method) as SendingProcedure<Message, Message>;
      const refused = (call: Call, error: ServiceError) => record(call, performance.now(), error);
      const bound = { route, answering, procedure };
      return {
        handle: createSentLinesHandle(bound, { readers, printers, callOf, respond, refused }),
        answering,
        refuse,
      };
    }
    const procedure = options.procedures(route.method) as Procedure<Message, Message>;
    const intake = options.intakes(route.method);
    const read = compileReadRequest(route, readers);
    const paging = compilePaging(route);
    const answerTo = async (
      request: FastifyRequest,
      reply: FastifyReply,
      begun: Call,
      { message, malformed }: ReadRequest,
    ): Promise<FastifyReply> => {
      const call = malformed === undefined ? begun : { ...begun, malformed };
      let answer: Message;
      try {
        answer = await procedure(message, call);
      } catch (error) {
        return respond.serviceError(answering, request, reply, call, error);
      }
      if (paging !== undefined) call.reply.headers.set("link", paging(message, answer, `${basePath}${request.url}`));
      return respond.succeed(answering, request, reply, call, answer);
    };
    const handle: Handle = async (request, reply) => {
      const startedAt = performance.now();
      const call = callOf(request, reply);
      let admitted: AdmittedBody | undefined;
      const readAll = async (): Promise<ReadRequest> => {
        try {
          // Of a caller who may not call the body is not read: the procedure says so without it.
          if (route.body !== undefined && hasBody(request) && intake.admits(call))
            admitted = await intake.read(request.raw, call);
          return await read(request, admitted?.data);
        } catch (error) {
          if (error instanceof ServiceError) record(call, startedAt, error);
          throw error;
        }
      };
      try {
        return await answerTo(request, reply, call, await readAll());
      } catch (error) {
        // What is nobody's decision is answered by failEarly.
        if (!(error instanceof ServiceError)) throw error;
        return respond.serviceError(answering, request, reply, call, error);
      } finally {
        admitted?.free();
      }
    };
    const guarded = route.verb === "GET" && optionOf(route.method, writes_on_get);
    return { handle: guarded ? rejectPrefetch(handle, respond) : handle, answering, refuse };
  };

  return async (instance) => {
    leaveBodiesAlone(instance);
    await prepareMultipart();
    instance.setErrorHandler((error: FastifyError, request, reply) =>
      failEarly(error, request, reply, respond, options.log),
    );

    const portRoutes = createPortRoutes({
      ...options,
      here: all.filter(isHere),
      there: all.filter((route) => !isHere(route)),
    });
    const verbsByPattern = new Map<string, readonly string[]>(portRoutes.notHere.map((pattern) => [pattern, []]));
    for (const [pattern, routes] of portRoutes.routes) {
      verbsByPattern.set(pattern, verbsOf(pattern, routes));
      for (const route of routes) {
        const protocol = handleOf(route);
        const method = route.verb === "GET" ? ["GET", "HEAD"] : [route.verb];
        instance.route({
          method,
          url: pattern,
          exposeHeadRoute: false,
          handler: protocol.handle,
          config: { protocol, asksAdmission: true },
        });
      }
    }

    for (const path of withoutLastParameter(verbsByPattern.keys()))
      if (!verbsByPattern.has(path)) verbsByPattern.set(path, []);

    const findVerbs = createFindVerbs(verbsByPattern);
    const hasRoute = (method: HTTPMethods, url: string) =>
      !verbsByPattern.has(url) && instance.hasRoute({ method, url });
    const refuseVerb = (reply: FastifyReply, allowed: readonly string[]) =>
      respond.text(reply.header("allow", allowed.join(", ")), 405, "Method Not Allowed");
    const notHere: Handle = async (request, reply) => {
      const allowed = findVerbs(request.method, request.url);
      if (allowed !== undefined) return refuseVerb(reply, allowed);
      const location = portRoutes.otherPort(request.url);
      if (location !== undefined) return respond.redirect(reply, 307, location);
      const answer = options.notFound?.(request, reply);
      if (answer !== undefined) return answer;
      const beside = verbsBeside(hasRoute, request.method, request.url);
      return beside === undefined ? respond.text(reply, 404, "404 page not found") : refuseVerb(reply, beside);
    };
    for (const [pattern, method] of refusedVerbs(verbsByPattern))
      instance.route({ method: [...method], url: pattern, handler: notHere });
    instance.setNotFoundHandler(notHere);
  };
};

/** The verbs of a pattern, in the order in which they are named. */
const verbsOf = (pattern: string, routes: readonly Route[]): readonly string[] => {
  const own = new Map<string, Route>();
  for (const route of routes) {
    const other = own.get(route.verb);
    if (other !== undefined)
      throw new Error(`${route.method} and ${other.method} are both bound to ${route.verb} ${pattern}`);
    own.set(route.verb, route);
  }
  return verbs.filter((verb) => own.has(verb) || (verb === "HEAD" && own.has("GET")));
};

/**
 * Bodies are read by the route: not before it is known who may send how much, and what cannot be decoded must still
 * reach the procedure.
 */
const leaveBodiesAlone = (instance: FastifyInstance): void => {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser("*", (_request, _payload, done) => done(null));
};

const hasBody = ({ headers }: FastifyRequest): boolean => headers["content-length"] !== "0";

/** Answers what Fastify refused before a route was asked. */
const failEarly = async (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  respond: Respond,
  log: GatewayOptions["log"],
): Promise<FastifyReply> => {
  const { protocol } = request.routeOptions.config as {
    readonly protocol?: RouteHandler;
  };
  // A malformed content type leaves the body unread; the procedure refuses it like any other that it cannot use.
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" && protocol !== undefined) return protocol.handle(request, reply);
  const known =
    request.raw.destroyed ||
    error instanceof ServiceError ||
    (error.statusCode !== undefined && error.statusCode < 500);
  if (!known) log.error({ request_id: request.id, err: error }, "the REST protocol could not answer");
  const answered = error instanceof ServiceError || !known ? error : serviceError("MALFORMED_BODY", { cause: error });
  if (answered instanceof ServiceError) protocol?.refuse(request, reply, answered);
  return respond.serviceError(protocol?.answering, request, reply, undefined, answered);
};

/** Keeps a GET that changes something away from those who only look ahead. */
const rejectPrefetch =
  (handle: Handle, respond: Respond): Handle =>
  async (request, reply) => {
    if (request.method === "HEAD") return respond.text(reply, 200, "");
    const purpose = [request.headers["sec-purpose"], request.headers.purpose, request.headers["x-moz"]]
      .join(" ")
      .toLowerCase();
    if (purpose.includes("prefetch")) return respond.text(reply, 503, "Not ahead of time.");
    return handle(request, reply);
  };
