import path from "node:path";
import {
  create,
  createRegistry,
  type DescFile,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type { Call, Procedure } from "../../src/lib/call.ts";

/* The service of the conformance tests. Its code is generated when they run, so that here it is known by its shape. */

interface Header {
  readonly name: string;
  readonly value: readonly string[];
}

interface ConformanceError {
  readonly code: Code;
  readonly message?: string;
  readonly details: readonly Any[];
}

interface UnaryRequest extends Message {
  readonly responseDefinition?: {
    readonly responseHeaders: readonly Header[];
    readonly responseTrailers: readonly Header[];
    readonly responseDelayMs: number;
    readonly response: { readonly case?: string; readonly value?: Uint8Array | ConformanceError };
  };
}

interface StreamRequest extends Message {
  readonly responseDefinition?: {
    readonly responseHeaders: readonly Header[];
    readonly responseTrailers: readonly Header[];
    readonly responseDelayMs: number;
    readonly responseData: readonly Uint8Array[];
    readonly error?: ConformanceError;
  };
}

/** What the generated code has that is needed. */
export interface Conformance {
  readonly registry: Registry;
  readonly unary: readonly DescMethodUnary[];
  readonly serverStream: DescMethodServerStreaming;
  readonly requestInfo: DescMessage;
  readonly readRequest: (data: Uint8Array) => {
    readonly messageReceiveLimit: number;
    readonly tls: { readonly cert: string; readonly key: string } | undefined;
  };
  readonly writeResponse: (port: number, cert: string | undefined) => Uint8Array;
}

/** Loads the generated code. */
export const loadConformance = async (folder: string): Promise<Conformance> => {
  const load = (name: string) =>
    import(path.join(folder, "connectrpc/conformance/v1", `${name}_pb.ts`)) as Promise<
      Readonly<Record<string, unknown>>
    >;
  const [service, server] = [await load("service"), await load("server_compat")];
  const registry = createRegistry(service.file_connectrpc_conformance_v1_service as DescFile);
  const message = (name: string): DescMessage => {
    const found = registry.getMessage(`connectrpc.conformance.v1.${name}`);
    if (found === undefined) throw new Error(`there is no message ${name}`);
    return found;
  };
  const desc = registry.getService("connectrpc.conformance.v1.ConformanceService");
  const { unary, serverStream } = (desc?.method ?? {}) as Readonly<Record<string, unknown>>;
  const request = server.ServerCompatRequestSchema as DescMessage;
  const response = server.ServerCompatResponseSchema as DescMessage;
  return {
    registry,
    unary: [unary as DescMethodUnary],
    serverStream: serverStream as DescMethodServerStreaming,
    requestInfo: message("ConformancePayload.RequestInfo"),
    readRequest: (data) => {
      const wanted = fromBinary(request, data) as unknown as {
        readonly useTls: boolean;
        readonly messageReceiveLimit: number;
        readonly serverCreds?: { readonly cert: Uint8Array; readonly key: Uint8Array };
      };
      const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("utf8");
      return {
        messageReceiveLimit: wanted.messageReceiveLimit,
        tls: wanted.useTls ? { cert: text(wanted.serverCreds?.cert), key: text(wanted.serverCreds?.key) } : undefined,
      };
    },
    writeResponse: (port, cert) =>
      toBinary(
        response,
        create(response, {
          host: "127.0.0.1",
          port,
          ...(cert !== undefined && { pemCert: Buffer.from(cert) }),
        } as never),
      ),
  };
};

/** The RPCs of the service, as mountConnect takes them. */
export const createConformanceService = (conformance: Conformance) => {
  const { requestInfo, registry } = conformance;

  const infoOf = (headers: readonly Header[], timeoutMs: number | undefined, requests: readonly Any[]) => ({
    requestHeaders: headers,
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(timeoutMs) }),
    requests,
  });

  /** The error that is asked for, with what was received among its details. */
  const errorOf = ({ code, message, details }: ConformanceError, info: object | undefined): ConnectError => {
    const received = info === undefined ? [] : [anyPack(requestInfo, create(requestInfo, info as never))];
    const error = new ConnectError(message ?? "", code);
    error.details = [...details, ...received].flatMap((any) => {
      const value = anyUnpack(any, registry);
      const desc = value && registry.getMessage(value.$typeName);
      return value && desc ? [{ desc, value: value as never }] : [];
    });
    return error;
  };

  const answerUnary =
    (method: DescMethodUnary): Procedure =>
    async (sent, call) => {
      const request = sent as unknown as UnaryRequest;
      const { responseDefinition: wanted } = request;
      setHeaders(call, wanted?.responseHeaders ?? [], wanted?.responseTrailers ?? []);
      if (wanted !== undefined && wanted.responseDelayMs > 0) await delay(wanted.responseDelayMs);
      const info = infoOf(headersOf(call.headers), timeoutOf(call), [anyPack(method.input, request as never)]);
      if (wanted?.response.case === "error") {
        const error = errorOf(wanted.response.value as ConformanceError, info);
        if (call.protocol !== "connect") append(error.metadata, wanted.responseTrailers);
        throw error;
      }
      const data = (wanted?.response.value as Uint8Array | undefined) ?? new Uint8Array();
      return create(method.output, { payload: { data, requestInfo: info } } as never) as never;
    };

  async function* answerStream(sent: Message, context: HandlerContext) {
    const { serverStream } = conformance;
    const { responseDefinition: wanted } = sent as StreamRequest;
    append(context.responseHeader, wanted?.responseHeaders ?? []);
    append(context.responseTrailer, wanted?.responseTrailers ?? []);
    const headers = [...context.requestHeader].map(([name, value]) => ({ name, value: value.split(", ") }));
    const info = infoOf(headers, context.timeoutMs(), [anyPack(serverStream.input, sent as never)]);
    let first = true;
    for (const data of wanted?.responseData ?? []) {
      if (wanted !== undefined && wanted.responseDelayMs > 0) await delay(wanted.responseDelayMs);
      yield create(serverStream.output, { payload: { data, ...(first && { requestInfo: info }) } } as never);
      first = false;
    }
    if (wanted?.error !== undefined) throw errorOf(wanted.error, first ? info : undefined);
  }

  return {
    unary: conformance.unary.map((method) => ({ method, procedure: answerUnary(method) })),
    mount: (router: ConnectRouter): void => {
      router.rpc(conformance.serverStream, answerStream);
    },
  };
};

/** Connect has the trailers of a unary call among its headers. */
const setHeaders = ({ protocol, reply }: Call, headers: readonly Header[], trailers: readonly Header[]): void => {
  for (const { name, value } of headers) reply.headers.set(name, value.join(", "));
  if (protocol !== "connect") return;
  for (const { name, value } of trailers) reply.headers.set(`trailer-${name}`, value.join(", "));
};

const delay = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const append = (headers: Headers, wanted: readonly Header[]): void => {
  for (const { name, value } of wanted) for (const each of value) headers.append(name, each);
};

const headersOf = (headers: Call["headers"]): Header[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: Array.isArray(value) ? value : value.split(", ") }],
  );

/** Milliseconds that the client waits, as its header says. */
const timeoutOf = ({ headers }: Call): number | undefined => {
  const connect = headers["connect-timeout-ms"];
  if (typeof connect === "string") return Number(connect);
  const grpc = headers["grpc-timeout"];
  if (typeof grpc !== "string") return undefined;
  const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
  return Math.floor(Number(grpc.slice(0, -1)) * (units[grpc.slice(-1)] ?? Number.NaN));
};
