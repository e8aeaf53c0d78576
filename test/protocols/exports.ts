import { type DescMethodServerStreaming, fromJson, getOption, type JsonObject, toJson } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { ErrorInfoSchema, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { errorTable } from "../../src/errors/table.ts";
import type { Headers } from "./protocol.ts";

/* RPCs whose answers are a stream, through each protocol that has them. */

/** An answer as JSON by the names of the protos. */
export type Part = JsonObject;

/** A call of which the answers are read one by one. */
export interface Reading {
  /** The next one; undefined at the end. @throws Error naming the reason of a call that is refused */
  next(): Promise<Part | undefined>;
  /** Hangs up. */
  leave(): Promise<void>;
}

/** A way to read. */
export interface StreamReader {
  readonly name: string;
  /** Begins a call. @param field of the answers that REST has a line of */
  open(at: string, method: DescMethodServerStreaming, message: JsonObject, headers?: Headers): Reading;
}

const present = (headers: Headers): [string, string][] =>
  Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);

const overRest: StreamReader = {
  name: "NDJSON over REST",
  open: (at, method, message, headers = {}) => {
    const { pattern } = getOption(method, http);
    const path = String(pattern.value).replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(`${message[name]}`),
    );
    const cut = new AbortController();
    const lines = (async function* (): AsyncGenerator<Part> {
      const response = await fetch(`${at}${path}`, {
        headers: [["accept", "application/json"], ...present(headers)],
        signal: cut.signal,
      });
      if (!response.ok) throw new Error(reasonIn(JSON.parse(await response.text())));
      let text = "";
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const whole = text.split("\n");
        text = whole.pop() ?? "";
        for (const line of whole) {
          const part = JSON.parse(line) as Part;
          if (part.error !== undefined) throw new Error(reasonIn(part));
          yield part;
        }
      }
    })();
    return {
      next: async () => (await lines.next()).value as Part | undefined,
      leave: async () => {
        cut.abort();
        await lines.return(undefined).catch(() => undefined);
      },
    };
  },
};

const reasonIn = (value: JsonObject): string => {
  const { code, message } = value.error as { code: number; message: string };
  const found = Object.entries(errorTable).find(([, row]) => row.status === code && row.message === message);
  return found?.[0] ?? message;
};

type Open = (baseUrl: string) => { readonly transport: Transport; readonly close?: () => void };

const overRpc = (name: string, open: Open): StreamReader => ({
  name,
  open: (at, method, message, headers = {}) => {
    const { transport, close } = open(at);
    const cut = new AbortController();
    const answers = (async function* (): AsyncGenerator<Part> {
      const request = (async function* () {
        yield fromJson(method.input, message) as never;
      })();
      const answer = await transport.stream(method, cut.signal, undefined, present(headers), request);
      for await (const each of answer.message) {
        const { part } = toJson(method.output, each as never, { useProtoFieldName: true }) as { part?: Part };
        if (part !== undefined) yield part;
      }
    })();
    return {
      next: async () => {
        try {
          return (await answers.next()).value as Part | undefined;
        } catch (thrown) {
          const [info] = ConnectError.from(thrown).findDetails(ErrorInfoSchema);
          throw info === undefined
            ? thrown
            : new Error(ReasonSchema.value[info.reason]?.name.replace("REASON_", "") ?? "");
        }
      },
      leave: async () => {
        cut.abort();
        await answers.return(undefined).catch(() => undefined);
        close?.();
      },
    };
  },
});

const nodeOptions = { agent: false } as const;

/** Each way to read. */
export const streamReaders: readonly StreamReader[] = [
  overRest,
  overRpc("Connect, JSON", (baseUrl) => ({
    transport: createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false, nodeOptions }),
  })),
  overRpc("Connect, binary", (baseUrl) => ({
    transport: createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true, nodeOptions }),
  })),
  overRpc("gRPC", (baseUrl) => {
    const sessionManager = new Http2SessionManager(baseUrl);
    return { transport: createGrpcTransport({ baseUrl, sessionManager }), close: () => sessionManager.abort() };
  }),
  overRpc("gRPC-Web", (baseUrl) => ({
    transport: createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  })),
];

/** All answers of a call, in order. */
export const readAll = async (reading: Reading): Promise<readonly Part[]> => {
  const parts: Part[] = [];
  try {
    for (let part = await reading.next(); part !== undefined; part = await reading.next()) parts.push(part);
  } finally {
    await reading.leave();
  }
  return parts;
};
