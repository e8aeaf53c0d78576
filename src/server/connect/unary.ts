import type { OutgoingHttpHeaders } from "node:http";
import { create, type DescMethodUnary, type Message, type Registry } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call, Procedure, Reply } from "../../lib/call.ts";
import type { AdmittedBody, Intake } from "../../lib/intake.ts";
import { toSetCookie } from "../../lib/set-cookie.ts";
import type { CallLog } from "../call-log.ts";
import type { ClientAddress } from "../client-address.ts";
import { findDecompress } from "../decompress.ts";
import { dropRest } from "../drop-rest.ts";
import { shapeTimes } from "../intake.ts";
import { rpcName } from "../rpc-name.ts";
import { createRpcSignal } from "../rpc-signal.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { createRpcCall, rpcUrl } from "./rpc-call.ts";
import { toConnectError } from "./to-connect-error.ts";
import { findWire, unaryContentTypes, type Wire } from "./wire.ts";

/** An RPC, what answers it, and how its messages are let in. */
export interface BoundRpc {
  readonly method: DescMethodUnary;
  readonly procedure: Procedure;
  readonly intake: Intake;
}

/** What the unary calls of a port share. */
export interface UnaryDeps {
  readonly port: Call["port"];
  /** The listener's `base_url`. */
  readonly baseUrl: string;
  readonly clientAddress: (request: FastifyRequest["raw"]) => ClientAddress;
  readonly callLog: CallLog;
  /** What fields of google.protobuf.Any may hold in JSON. No message of ours has such a field. */
  readonly registry?: Registry;
}

/** Answers one request; the response is its own to write. */
export type UnaryRoute = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Creates the route of a unary RPC for Connect, gRPC and gRPC-Web: it reads the
 * message, calls the procedure in process, and writes what comes of it.
 *
 * The library's own route is for RPCs whose answers are a stream. It costs six times as much
 * as this one, and tells what is wrong with a body in words that quote it.
 */
export const createUnaryRoute = ({ method, procedure, intake }: BoundRpc, deps: UnaryDeps): UnaryRoute => {
  const { port, baseUrl, clientAddress, callLog, registry } = deps;
  const rpc = rpcName(method);
  const origin = { port, url: rpcUrl(baseUrl, rpc), clientAddress };
  const record = callLog.of(rpc);
  const times = shapeTimes(method);
  const run = procedure as unknown as (request: Message, call: Call) => Promise<Message>;

  /**
   * Reads the message, of a caller who may call; the access check of the procedure refuses any other before it
   * looks at one.
   */
  const readMessage = async (
    request: FastifyRequest,
    call: Call,
    wire: Wire,
    onAdmitted: (admitted: AdmittedBody) => void,
  ): Promise<Message> => {
    if (!intake.admits(call)) {
      dropRest(request.raw);
      return create(method.input);
    }
    const sent = wire.encoding(request.raw.headers);
    const encoding = sent === "identity" ? undefined : sent;
    const decompress = findDecompress(encoding, wire.acceptEncoding);
    const admitted = await intake.read(request.raw, call, wire.room);
    onAdmitted(admitted);
    const { data, compressed } = wire.open(admitted.data, admitted.limit, encoding);
    const plain = compressed ? await admitted.inflate(data, decompress) : data;
    return decodeMessage(method.input, plain, wire.json, registry, times);
  };

  const serve = async (request: FastifyRequest, reply: FastifyReply, wire: Wire): Promise<void> => {
    const startedAt = performance.now();
    const { headers } = request.raw;
    const rpcSignal = createRpcSignal(reply.raw);
    const call = createRpcCall(request, wire.protocol, rpcSignal.signal, origin);
    let running: Promise<Message> | undefined;
    let admitted: AdmittedBody | undefined;
    const onAdmitted = (body: AdmittedBody) => {
      admitted = body;
    };
    try {
      const { timeoutMs, error } = wire.timeout(headers);
      if (error) throw error;
      const message = await readMessage(request, call, wire, onAdmitted);
      running = run(message, call);
      const answer = timeoutMs === undefined ? await running : await rpcSignal.within(running, timeoutMs);
      wire.sendAnswer(
        reply.raw,
        outgoing(reply, call.reply),
        encodeMessage(method.output, answer, wire.json, registry),
      );
    } catch (error) {
      const failure = toError(error);
      if (failure === internal) callLog.trouble(call, rpc, error);
      // Once it runs, the procedure keeps the log.
      if (running === undefined) record(call, startedAt, error instanceof ServiceError ? error : failure.code);
      wire.sendError(reply.raw, { ...outgoing(reply, call.reply), "x-request-id": request.id }, failure);
    } finally {
      admitted?.free();
    }
  };

  return async (request, reply) => {
    reply.hijack();
    const wire = request.method === "POST" ? findWire(request.headers["content-type"]) : undefined;
    return wire ? serve(request, reply, wire) : refuse(request, reply);
  };
};

/** The error that a client gets for any other failure: INTERNAL, without a cause. */
export const internal = toConnectError(serviceError("INTERNAL"));

/** The error that the client gets. */
export const toError = (error: unknown): ConnectError => {
  if (error instanceof ServiceError) return toConnectError(error);
  return error instanceof ConnectError ? error : internal;
};

/** Headers that hooks of the port have set (CORS), and what the call replies. */
export const outgoing = (reply: FastifyReply, { headers, cookies }: Reply): OutgoingHttpHeaders => {
  const all: OutgoingHttpHeaders = {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    "cache-control": "private, no-cache, no-store, must-revalidate",
  };
  for (const [name, value] of headers) all[name] = value;
  if (cookies.length > 0) all["set-cookie"] = toSetCookie(cookies);
  return all;
};

/** Refuses a request that is no call: a GET, a form, plain text. Its body is not looked at. */
export const refuse = (request: FastifyRequest, reply: FastifyReply, contentTypes = unaryContentTypes): void => {
  const isPost = request.method === "POST";
  const types = contentTypes.join(", ");
  const body = isPost ? `The content type must be one of ${types}.\n` : "An RPC is called by POST.\n";
  reply.raw.writeHead(isPost ? 415 : 405, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    ...(isPost ? { "accept-post": types } : { allow: "POST" }),
    "content-type": "text/plain",
    "content-length": Buffer.byteLength(body),
  });
  reply.raw.end(body);
  dropRest(request.raw);
};
