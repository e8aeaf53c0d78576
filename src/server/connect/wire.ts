import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpc from "@connectrpc/connect/protocol-grpc";
import * as grpcWeb from "@connectrpc/connect/protocol-grpc-web";
import type { Protocol } from "../../lib/call.ts";
import { encodeGrpcMessage } from "../grpc-message.ts";
import { tooLarge } from "../read-body.ts";
import { envelopeRoom, type Opened, openEnvelope, sealEnvelope } from "./envelope.ts";
import type { Encoded } from "./message-codec.ts";

/** How a protocol puts a unary call into HTTP. The same for messages in JSON and in binary. */
export interface Wire {
  readonly protocol: Exclude<Protocol, "rest">;
  readonly json: boolean;
  /** Milliseconds, or why the header cannot be read. */
  readonly timeout: (headers: IncomingHttpHeaders) => { readonly timeoutMs?: number; readonly error?: ConnectError };
  /** The name of the compression of the body. */
  readonly encoding: (headers: IncomingHttpHeaders) => string | undefined;
  /** Bytes that a body is longer than its message. */
  readonly room: number;
  /** The header that says which compressions we read. */
  readonly acceptEncoding: string;
  /** Takes the message out of a body. @throws ServiceError or ConnectError */
  readonly open: (body: Buffer, limit: number, encoding: string | undefined) => Opened;
  readonly sendAnswer: (response: ServerResponse, headers: OutgoingHttpHeaders, message: Encoded) => void;
  readonly sendError: (response: ServerResponse, headers: OutgoingHttpHeaders, error: ConnectError) => void;
}

const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const createConnect = (contentType: string, json: boolean): Wire => ({
  protocol: "connect",
  json,
  timeout: (headers) =>
    connect.parseTimeout(text(headers["connect-timeout-ms"]) ?? null, Number.MAX_SAFE_INTEGER) as ReturnType<
      Wire["timeout"]
    >,
  encoding: (headers) => headers["content-encoding"],
  room: 0,
  acceptEncoding: "accept-encoding",
  open: (data, limit, encoding) => {
    if (data.length > limit) throw tooLarge(limit);
    return { data, compressed: encoding !== undefined };
  },
  sendAnswer: (response, headers, message) => {
    response.writeHead(200, { ...headers, "content-type": contentType, "content-length": Buffer.byteLength(message) });
    response.end(message);
  },
  sendError: (response, headers, error) => {
    const body = connect.errorToJsonBytes(error, undefined);
    const status = connect.codeToHttpStatus(error.code);
    response.writeHead(status, {
      ...headers,
      ...toOutgoing(error.metadata),
      "content-type": "application/json",
      "content-length": body.length,
    });
    response.end(body);
  },
});

const createGrpc = (contentType: string, json: boolean): Wire => ({
  protocol: "grpc",
  json,
  timeout: (headers) =>
    grpc.parseTimeout(text(headers["grpc-timeout"]) ?? null, Number.MAX_SAFE_INTEGER) as ReturnType<Wire["timeout"]>,
  encoding: (headers) => text(headers["grpc-encoding"]),
  room: envelopeRoom,
  acceptEncoding: "grpc-accept-encoding",
  open: (body, limit, encoding) => {
    const opened = openEnvelope(body, limit);
    if (opened.compressed && encoding === undefined)
      throw new ConnectError("the message is compressed, but no header says how", Code.Internal);
    return opened;
  },
  sendAnswer: (response, headers, message) => {
    response.writeHead(200, { ...headers, "content-type": contentType });
    response.addTrailers({ "grpc-status": grpc.grpcStatusOk });
    response.end(sealEnvelope(bytes(message)));
  },
  sendError: (response, headers, error) => {
    response.writeHead(200, { ...headers, "content-type": contentType });
    response.addTrailers(toOutgoing(trailersOf(error)));
    response.end();
  },
});

const createGrpcWeb = (contentType: string, json: boolean): Wire => ({
  ...createGrpc(contentType, json),
  protocol: "grpc-web",
  sendAnswer: (response, headers, message) => {
    const body = Buffer.concat([
      sealEnvelope(bytes(message)),
      trailer(grpc.setTrailerStatus(new Headers(), undefined)),
    ]);
    response.writeHead(200, { ...headers, "content-type": contentType, "content-length": body.length });
    response.end(body);
  },
  sendError: (response, headers, error) => {
    const body = trailer(trailersOf(error));
    response.writeHead(200, { ...headers, "content-type": contentType, "content-length": body.length });
    response.end(body);
  },
});

/** The status of a failed call, its message encoded by the rules of gRPC. */
const trailersOf = (error: ConnectError): Headers => {
  const fields = grpc.setTrailerStatus(new Headers(), error);
  if (fields.has("grpc-message")) fields.set("grpc-message", encodeGrpcMessage(error.rawMessage));
  return fields;
};

const bytes = (message: Encoded): Buffer => (typeof message === "string" ? Buffer.from(message) : message);

const trailer = (fields: Headers): Buffer =>
  sealEnvelope(Buffer.from(grpcWeb.trailerSerialize(fields)), grpcWeb.trailerFlag);

const toOutgoing = (fields: Headers): Record<string, string> => Object.fromEntries(fields);

// biome-ignore format: a table, read by its columns
const wires: Readonly<Record<string, Wire>> = {
  "application/json": createConnect("application/json", true),
  "application/proto": createConnect("application/proto", false),
  "application/grpc": createGrpc("application/grpc", false),
  "application/grpc+proto": createGrpc("application/grpc+proto", false),
  "application/grpc+json": createGrpc("application/grpc+json", true),
  "application/grpc-web": createGrpcWeb("application/grpc-web", false),
  "application/grpc-web+proto": createGrpcWeb("application/grpc-web+proto", false),
  "application/grpc-web+json": createGrpcWeb("application/grpc-web+json", true),
};

/** The content types that a unary call may have. None is one that a page can send to another site unasked. */
export const unaryContentTypes: readonly string[] = Object.keys(wires);

/** Connect, where an RPC streams: every message has an envelope, and the last one says how it ended. */
const createConnectStream = (contentType: string, json: boolean): Wire => ({
  ...createConnect(contentType, json),
  encoding: (headers) => text(headers["connect-content-encoding"]),
  room: envelopeRoom,
  acceptEncoding: "connect-accept-encoding",
  open: openEnvelope,
  sendAnswer: (response, headers, message) =>
    sendWhole(response, { ...headers, "content-type": contentType }, [sealEnvelope(bytes(message)), endOfStream()]),
  sendError: (response, headers, error) =>
    sendWhole(response, { ...headers, "content-type": contentType }, [endOfStream(error)]),
});

const endOfStream = (error?: ConnectError): Buffer =>
  sealEnvelope(
    Buffer.from(JSON.stringify(connect.endStreamToJson(error?.metadata ?? new Headers(), error, undefined))),
    connect.endStreamFlag,
  );

const sendWhole = (response: ServerResponse, headers: OutgoingHttpHeaders, parts: readonly Buffer[]): void => {
  const body = Buffer.concat(parts);
  response.writeHead(200, { ...headers, "content-length": body.length });
  response.end(body);
};

const { "application/json": _json, "application/proto": _proto, ...enveloping } = wires;

const streamWires: Readonly<Record<string, Wire>> = {
  "application/connect+json": createConnectStream("application/connect+json", true),
  "application/connect+proto": createConnectStream("application/connect+proto", false),
  ...enveloping,
};

/** The content types that a call with a stream of requests may have. */
export const streamContentTypes: readonly string[] = Object.keys(streamWires);

/** Finds the protocol by the content type; UTF-8 is the only charset. */
export const findWire = (contentType: string | undefined): Wire | undefined => findAmong(wires, contentType);

/** The same for a call with a stream of requests. */
export const findStreamWire = (contentType: string | undefined): Wire | undefined =>
  findAmong(streamWires, contentType);

const findAmong = (wires: Readonly<Record<string, Wire>>, contentType: string | undefined): Wire | undefined => {
  if (contentType === undefined) return undefined;
  const known = ownOf(wires, contentType);
  if (known) return known;
  const [, type = "", charset] = /^\s*([^;\s]+)\s*(?:;\s*charset="?([\w-]+)"?\s*)?$/i.exec(contentType) ?? [];
  return charset === undefined || /^utf-?8$/i.test(charset) ? ownOf(wires, type.toLowerCase()) : undefined;
};

/** `constructor` and its like are members of every object. */
const ownOf = (wires: Readonly<Record<string, Wire>>, type: string): Wire | undefined =>
  Object.hasOwn(wires, type) ? wires[type] : undefined;
