import { fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { ErrorInfoSchema, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import {
  IdentityAdminService,
  type ImportIdentitiesRequest,
  ImportIdentitiesRequestSchema,
  ImportIdentitiesResponseSchema,
} from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";

/* Bulk imports through each protocol that has them. */

/** What became of a line, as all protocols print it. */
export interface ImportLine {
  readonly line: number;
  readonly action: "create" | "exists" | "error";
  readonly identity?: string;
  readonly error?: {
    readonly code: number;
    readonly status: string;
    readonly reason?: string;
    readonly field?: string;
  };
}

/** What an import is called and where it begins. */
export interface ImportPlace {
  readonly importId?: string;
  readonly firstLine?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A way to import. */
export interface Importer {
  readonly name: string;
  /** Sends documents as POST /admin/identities takes them. @throws Error naming the reason of a call that is refused */
  send(at: string, lines: readonly JsonObject[], place?: ImportPlace): Promise<readonly ImportLine[]>;
}

const overRest: Importer = {
  name: "NDJSON over REST",
  send: async (at, lines, { importId = "", firstLine = 0, headers = {} } = {}) => {
    const query = new URLSearchParams({ import_id: importId, first_line: String(firstLine) });
    const response = await fetch(`${at}/admin/identities/import?${query}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", ...headers },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as ImportLine]));
  },
};

type Open = (baseUrl: string) => { readonly transport: Transport; readonly close?: () => void };

const overRpc = (name: string, open: Open): Importer => ({
  name,
  send: async (at, lines, { importId = "", firstLine = 0, headers = {} } = {}) => {
    const { transport, close } = open(at);
    async function* requests(): AsyncGenerator<ImportIdentitiesRequest> {
      for (const create of lines)
        yield fromJson(ImportIdentitiesRequestSchema, { create: asMessage(create), importId, firstLine });
    }
    try {
      const method = IdentityAdminService.method.importIdentities;
      const { message } = await transport.stream(method, undefined, 60_000, headers, requests());
      for await (const answer of message) {
        const json = toJson(ImportIdentitiesResponseSchema, answer) as { readonly results?: ImportLine[] };
        const { results = [] } = json;
        const count = (action: string) => results.filter((each) => each.action === action).length;
        const counted = [answer.created, answer.existing, answer.failed].join();
        const told = [count("create"), count("exists"), count("error")].join();
        if (counted !== told) throw new Error(`counts ${counted} beside results ${told}`);
        return results;
      }
      throw new Error("no answer");
    } catch (thrown) {
      const [info] = ConnectError.from(thrown).findDetails(ErrorInfoSchema);
      throw info === undefined ? thrown : new Error(ReasonSchema.value[info.reason]?.name);
    } finally {
      close?.();
    }
  },
});

const asMessage = ({ state, ...document }: JsonObject): JsonObject => ({
  ...document,
  ...(typeof state === "string" && { state: `STATE_${state.toUpperCase()}` }),
});

const nodeOptions = { agent: false } as const;

/** Each way to import. */
export const importers: readonly Importer[] = [
  overRest,
  overRpc("Connect, JSON", (baseUrl) => ({
    transport: createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false, nodeOptions }),
  })),
  overRpc("Connect, binary and compressed", (baseUrl) => ({
    transport: createConnectTransport({
      baseUrl,
      httpVersion: "1.1",
      useBinaryFormat: true,
      nodeOptions,
      sendCompression: compressionGzip,
      compressMinBytes: 1,
    }),
  })),
  overRpc("gRPC", (baseUrl) => {
    const sessionManager = new Http2SessionManager(baseUrl);
    return { transport: createGrpcTransport({ baseUrl, sessionManager }), close: () => sessionManager.abort() };
  }),
  overRpc("gRPC-Web", (baseUrl) => ({
    transport: createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  })),
];
