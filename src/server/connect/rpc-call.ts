import type { FastifyRequest } from "fastify";
import type { Call, Protocol } from "../../lib/call.ts";
import { admissionOf } from "../admin-lock/admission.ts";
import type { ClientAddress } from "../client-address.ts";

/** What the calls of one RPC on a port share. */
export interface RpcOrigin {
  readonly port: Call["port"];
  /** The URL of the RPC: the listener's `base_url` and the RPC's name. */
  readonly url: string;
  readonly clientAddress: (request: FastifyRequest["raw"]) => ClientAddress;
}

/** Creates the call of a request over Connect, gRPC or gRPC-Web, from its header alone. */
export const createRpcCall = (
  request: FastifyRequest,
  protocol: Protocol,
  signal: AbortSignal,
  { port, url, clientAddress }: RpcOrigin,
): Call => ({
  protocol,
  port,
  headers: request.raw.headers,
  url,
  remoteAddress: clientAddress(request.raw).ip,
  requestId: request.id,
  admission: admissionOf(request),
  signal,
  reply: { headers: new Map(), cookies: [] },
});

/** The URL of an RPC below a listener's `base_url`. */
export const rpcUrl = (baseUrl: string, rpc: string): string => `${baseUrl.replace(/\/$/, "")}/${rpc}`;
