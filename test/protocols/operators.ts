import { type DescMethodUnary, fromJson, getOption, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorInfoSchema, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { type ErrorName, errorTable } from "../../src/errors/table.ts";
import { http2To, overHttp1To } from "./connections.ts";
import { type CallbackResult, send } from "./http.ts";
import type { Headers } from "./protocol.ts";

/* Operators: whoever calls the admin port, through each protocol. REST is driven by the annotations of the protos. */

/** What an operator hears: the answer as JSON by the names of the protos, or why not. */
export type OperatorAnswer =
  | { readonly ok: true; readonly value: JsonObject; readonly headers: Headers; readonly status?: number }
  | { readonly ok: false; readonly reason: ErrorName; readonly field: string | undefined; readonly said: string };

/** A way for operators into the server. */
export interface OperatorProtocol {
  readonly name: string;
  /** Calls an RPC. Rejects once the signal is aborted: the client leaves without an answer. */
  call(
    at: string,
    method: DescMethodUnary,
    message: JsonObject,
    headers?: Headers,
    signal?: AbortSignal,
  ): Promise<OperatorAnswer>;
}

type Open = (baseUrl: string) => Transport;

const overRpc = (name: string, open: Open): OperatorProtocol => ({
  name,
  call: async (at, method, message, headers = {}, signal = undefined) => {
    let received: Headers = {};
    try {
      const { message: answer, header } = await open(at).unary(
        method,
        signal,
        undefined,
        Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
        fromJson(method.input, message) as never,
      );
      received = Object.fromEntries(header);
      const value = toJson(method.output, answer, { useProtoFieldName: true, alwaysEmitImplicit: true }) as JsonObject;
      return { ok: true, value: plain(value) as JsonObject, headers: received };
    } catch (thrown) {
      return refusalOf(ConnectError.from(thrown));
    }
  },
});

const refusalOf = (error: ConnectError): OperatorAnswer => {
  const [info] = error.findDetails(ErrorInfoSchema);
  if (info === undefined) throw new Error(`an error without ErrorInfo: ${error.message}`);
  const [bad] = error.findDetails(BadRequestSchema);
  const reason = (ReasonSchema.value[info.reason]?.name ?? "").replace(/^REASON_/, "") as ErrorName;
  return { ok: false, reason, field: bad?.fieldViolations[0]?.field, said: error.rawMessage };
};

/** Enums as REST prints them. */
const plain = (value: JsonValue): JsonValue => {
  if (typeof value === "string")
    return value.replace(
      /^(?:STATE|AUTHENTICATOR_ASSURANCE_LEVEL|MESSAGE_STATUS|MESSAGE_TYPE|DISPATCH_STATUS)_([A-Z0-9]+)$/,
      (_, name) => name.toLowerCase(),
    );
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
};

/** REST, as the annotation of the RPC says. */
export const operatorRest: OperatorProtocol = {
  name: "REST",
  call: async (at, method, message, headers = {}, signal = undefined) => {
    const { pattern, body, responseBody } = getOption(method, http);
    const rest = { ...message };
    const path = String(pattern.value).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = rest[name];
      delete rest[name];
      return encodeURIComponent(String(value ?? ""));
    });
    const payload = body === "" ? undefined : body === "*" ? rest : rest[body];
    const query = body === "*" ? {} : Object.fromEntries(Object.entries(rest).filter(([name]) => name !== body));
    const answer = await send(`${at}${path}${queryOf(query)}`, {
      method: String(pattern.case).toUpperCase(),
      headers: {
        accept: "application/json",
        ...(body !== "" && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === "" ? undefined : JSON.stringify(payload ?? {}),
      signal,
    });
    return readAnswer(answer, responseBody);
  },
};

const queryOf = (query: JsonObject): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, String(one)]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
};

const readAnswer = (answer: CallbackResult, responseBody: string): OperatorAnswer => {
  const headers = answer.headers as Headers;
  if (answer.status < 300) {
    const value = answer.text === "" ? {} : (answer.json as JsonObject);
    return { ok: true, value: responseBody === "" ? value : { [responseBody]: value }, headers, status: answer.status };
  }
  const { error } = answer.json as {
    readonly error: {
      readonly code: number;
      readonly message: string;
      readonly reason?: string;
      readonly details?: { readonly field?: string };
    };
  };
  const [reason] = Object.entries(errorTable).find(
    ([, { status, message }]) => status === error.code && message === error.message,
  ) ?? ["INTERNAL"];
  return { ok: false, reason: reason as ErrorName, field: error.details?.field, said: error.reason ?? error.message };
};

/** gRPC, which names the reason of a refusal exactly. */
export const operatorGrpc: OperatorProtocol = overRpc("gRPC", (baseUrl) =>
  createGrpcTransport({ baseUrl, sessionManager: http2To(baseUrl) }),
);

/** Each way for operators. */
export const operatorProtocols: readonly OperatorProtocol[] = [
  operatorRest,
  overRpc("Connect, JSON", (baseUrl) =>
    createConnectTransport({ baseUrl, useBinaryFormat: false, ...overHttp1To(baseUrl) }),
  ),
  overRpc("Connect, binary", (baseUrl) =>
    createConnectTransport({ baseUrl, useBinaryFormat: true, ...overHttp1To(baseUrl) }),
  ),
  operatorGrpc,
  overRpc("gRPC-Web", (baseUrl) => createGrpcWebTransport({ baseUrl, ...overHttp1To(baseUrl) })),
];

/** @throws Error when it was refused */
export const done = (answer: OperatorAnswer): JsonObject => {
  if (answer.ok) return answer.value;
  throw new Error(`refused: ${answer.reason} ${answer.field ?? ""} ${answer.said}`);
};

/** The reason of a refusal. @throws Error when it was done */
export const reasonOf = (answer: OperatorAnswer): ErrorName => {
  if (!answer.ok) return answer.reason;
  throw new Error(`not refused: ${JSON.stringify(answer.value)}`);
};
