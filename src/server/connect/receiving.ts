import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../../errors/service-error.ts";
import type { Call, Received, ReceivingProcedure } from "../../lib/call.ts";
import type { AdmittedStream, Intake } from "../../lib/intake.ts";
import { findDecompress } from "../decompress.ts";
import { dropRest } from "../drop-rest.ts";
import { shapeTimes } from "../intake.ts";
import { rpcName } from "../rpc-name.ts";
import { createRpcSignal } from "../rpc-signal.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { openEnvelopes } from "./open-envelopes.ts";
import { createRpcCall, rpcUrl } from "./rpc-call.ts";
import { internal, outgoing, refuse, toError, type UnaryDeps, type UnaryRoute } from "./unary.ts";
import { findStreamWire, streamContentTypes, type Wire } from "./wire.ts";

/** An RPC whose requests are a stream, what answers it, and how its messages are let in. */
export interface BoundReceiving {
  readonly method: DescMethod;
  readonly procedure: ReceivingProcedure;
  readonly merge: (sum: Message | undefined, part: Message) => Message;
  readonly intake: Intake;
}

/**
 * Creates the route of an RPC whose requests are a stream, for Connect, gRPC and gRPC-Web: it reads the messages one
 * by one, as fast as the procedure asks for them, and answers what the parts of its answer make.
 */
export const createReceivingRoute = (
  { method, procedure, merge, intake }: BoundReceiving,
  { port, baseUrl, clientAddress, callLog, registry }: UnaryDeps,
): UnaryRoute => {
  const rpc = rpcName(method);
  const origin = { port, url: rpcUrl(baseUrl, rpc), clientAddress };
  const times = shapeTimes(method);
  const receive = procedure as unknown as ReceivingProcedure<Message, Message>;

  async function* readMessages(
    stream: AdmittedStream,
    wire: Wire,
    encoding: string | undefined,
  ): AsyncGenerator<Received<Message>> {
    const decompress = findDecompress(encoding, wire.acceptEncoding);
    for await (const received of openEnvelopes(stream.chunks, stream.limit)) {
      if (received.kind !== "message") {
        yield received.kind === "blank" ? received : { kind: "unusable", error: received.error };
        continue;
      }
      const { data, compressed } = received.message;
      try {
        const plain = compressed ? await stream.inflate(data, decompress) : data;
        const message = decodeMessage(method.input, plain, wire.json, registry, times);
        yield { kind: "message", message, bytes: plain.length };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        yield { kind: "unusable", error };
      }
    }
  }

  const answerTo = async (requests: AsyncIterable<Received<Message>>, call: Call): Promise<Message> => {
    let sum: Message | undefined;
    for await (const part of receive(requests, call)) sum = merge(sum, part);
    return sum ?? merge(undefined, { $typeName: method.output.typeName });
  };

  const serve = async (request: FastifyRequest, reply: FastifyReply, wire: Wire): Promise<void> => {
    const { headers } = request.raw;
    const rpcSignal = createRpcSignal(reply.raw);
    const call = createRpcCall(request, wire.protocol, rpcSignal.signal, origin);
    let stream: AdmittedStream | undefined;
    try {
      const { timeoutMs, error } = wire.timeout(headers);
      if (error) throw error;
      const sent = wire.encoding(headers);
      // Of a caller who may not call nothing is read: the procedure says so without it.
      if (intake.admits(call)) stream = intake.stream(request.raw, call);
      else dropRest(request.raw);
      const requests = stream ? readMessages(stream, wire, sent === "identity" ? undefined : sent) : nothing();
      const running = answerTo(requests, call);
      const answer = timeoutMs === undefined ? await running : await rpcSignal.within(running, timeoutMs);
      const message = encodeMessage(method.output, answer, wire.json, registry);
      wire.sendAnswer(reply.raw, outgoing(reply, call.reply), message);
    } catch (error) {
      const failure = toError(error);
      if (failure === internal) callLog.trouble(call, rpc, error);
      wire.sendError(reply.raw, { ...outgoing(reply, call.reply), "x-request-id": request.id }, failure);
    } finally {
      stream?.free();
    }
  };

  return async (request, reply) => {
    reply.hijack();
    const wire = request.method === "POST" ? findStreamWire(request.headers["content-type"]) : undefined;
    return wire ? serve(request, reply, wire) : refuse(request, reply, streamContentTypes);
  };
};

async function* nothing(): AsyncGenerator<never> {
  // Nobody's messages are read.
}
