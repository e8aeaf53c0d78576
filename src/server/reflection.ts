import { setImmediate as nextTurn } from "node:timers/promises";
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import { file_ostiary_errors_v1_errors } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import type { StandardService } from "./connect/mount.ts";
import { createProtoFiles, type ProtoFiles } from "./proto-files.ts";
import { shownFile } from "./shown-file.ts";
import { indexSymbols, type SymbolIndex } from "./symbol-index.ts";

/** What both versions of the protocol ask. */
type Asked =
  | {
      readonly case: "listServices" | "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType";
      readonly value: string;
    }
  | {
      readonly case: "fileContainingExtension";
      readonly value: { readonly containingType: string; readonly extensionNumber: number };
    }
  | { readonly case: undefined };

/** How often one stream may ask: a client that lists everything asks for each service, and gets files with imports. */
const mostQuestions = 200;

/** What errors carry, though no RPC names it. */
const errorDetails: readonly DescFile[] = [file_ostiary_errors_v1_errors, file_google_rpc_error_details];

/**
 * Creates server reflection, v1 and v1alpha, over the services of a port,
 * health's and its own, and the details of errors, so that grpcurl and its like
 * need no proto files. Comments are included.
 *
 * @param isAnswered whether the port answers an RPC; of others it shows nothing
 * @param protoFiles each is read once, when it is first asked for
 */
export const createReflection = (
  services: readonly DescService[],
  isAnswered: (method: DescMethod) => boolean = () => true,
  protoFiles: ProtoFiles = createProtoFiles(),
): StandardService => {
  const listed = [
    ...services.filter(({ methods }) => methods.some(isAnswered)),
    Health,
    ServerReflection,
    ServerReflectionAlpha,
  ];
  const shown = new Set(
    listed.flatMap((service) => (services.includes(service) ? service.methods.filter(isAnswered) : service.methods)),
  );
  let indexed: SymbolIndex | undefined;
  /** Made at the first question: most servers are asked none. */
  const index = (): SymbolIndex => {
    indexed ??= indexSymbols([...listed.map(({ file }) => file), ...errorDetails], (method) => shown.has(method));
    return indexed;
  };
  const serviceNames = listed
    .map(({ typeName }) => ({ name: typeName }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

  const encodings = new Map<DescFile, Promise<Uint8Array>>();
  /** A file as it is shown, encoded once and in a turn of the event loop of its own. */
  const encoded = (file: DescFile): Promise<Uint8Array> => {
    const known = encodings.get(file);
    if (known !== undefined) return known;
    const encoding = nextTurn().then(() =>
      toBinary(FileDescriptorProtoSchema, shownFile(file, protoFiles.read(file.proto.name), shown)),
    );
    encodings.set(file, encoding);
    encoding.catch(() => encodings.delete(file));
    return encoding;
  };

  /** A file and what it imports, each once a stream. */
  const files = async (file: DescFile | undefined, sent: Set<DescFile>) => {
    if (!file) return notFound("no such file or symbol");
    sent.delete(file);
    const found: DescFile[] = [];
    const add = (next: DescFile) => {
      if (sent.has(next)) return;
      sent.add(next);
      found.push(next);
      for (const dependency of next.dependencies) add(dependency);
    };
    add(file);
    const fileDescriptorProto: Uint8Array[] = [];
    for (const next of found) fileDescriptorProto.push(await encoded(next));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } } as const;
  };

  const answer = async (asked: Asked, sent: Set<DescFile>) => {
    switch (asked.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: serviceNames } } as const;
      case "fileByFilename":
        return files(index().file(asked.value), sent);
      case "fileContainingSymbol":
        return files(index().symbol(asked.value), sent);
      case "fileContainingExtension":
        return files(index().extensions(asked.value.containingType)?.get(asked.value.extensionNumber), sent);
      case "allExtensionNumbersOfType": {
        const extensions = index().extensions(asked.value);
        if (!extensions) return notFound("no such message");
        const extensionNumber = [...extensions.keys()];
        return { case: "allExtensionNumbersResponse", value: { baseTypeName: asked.value, extensionNumber } } as const;
      }
      default:
        return {
          case: "errorResponse",
          value: { errorCode: Code.InvalidArgument, errorMessage: "the request asks nothing" },
        } as const;
    }
  };

  async function* answers<R extends { readonly host: string; readonly messageRequest: Asked }>(
    requests: AsyncIterable<R>,
  ) {
    const sent = new Set<DescFile>();
    let asked = 0;
    for await (const request of requests) {
      asked += 1;
      if (asked > mostQuestions)
        throw new ConnectError("the stream has asked for much: open another", Code.ResourceExhausted);
      yield {
        request,
        answer: { validHost: request.host, messageResponse: await answer(request.messageRequest, sent) },
      };
    }
  }

  // The two versions differ in nothing but their names.
  const mount = (router: ConnectRouter): void => {
    router.service(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { request, answer } of answers(requests)) yield { originalRequest: request, ...answer };
      },
    });
    router.service(ServerReflectionAlpha, {
      async *serverReflectionInfo(requests) {
        for await (const { request, answer } of answers(requests)) yield { originalRequest: request, ...answer };
      },
    });
  };
  const streams = [ServerReflection, ServerReflectionAlpha].map(({ method }) => method.serverReflectionInfo);
  return { rpcs: [], streams, isLogged: true, mount };
};

const notFound = (errorMessage: string) =>
  ({ case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage } }) as const;
