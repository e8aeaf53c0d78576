import {
  createFileRegistry,
  type DescFile,
  type DescMethod,
  fromBinary,
  getOption,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { http } from "../../../gen/google/api/annotations_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { LoginService } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { SessionService } from "../../../gen/ostiary/session/v1/session_service_pb.ts";
import { createProtoFiles } from "../../../src/server/proto-files.ts";
import { createReflection } from "../../../src/server/reflection.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve([]);
});
afterAll(() => server.close());

type Ask = MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"];

/** Asks everything over one stream. */
const ask = (version: "v1" | "v1alpha", ...questions: Ask[]) => askAt(server, version, ...questions);

const askAt = async (at: TestServer, version: "v1" | "v1alpha", ...questions: Ask[]) => {
  const transport = createGrpcTransport({ baseUrl: at.url });
  const client =
    version === "v1" ? createClient(ServerReflection, transport) : createClient(ServerReflectionAlpha, transport);
  async function* requests() {
    for (const messageRequest of questions) yield { host: "h", messageRequest } as never;
  }
  const answers: ServerReflectionResponse["messageResponse"][] = [];
  for await (const { messageResponse } of client.serverReflectionInfo(requests()))
    answers.push(messageResponse as ServerReflectionResponse["messageResponse"]);
  return answers;
};

const names = (answer: Awaited<ReturnType<typeof ask>>[number] | undefined) =>
  answer?.case === "fileDescriptorResponse"
    ? answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
    : answer;

describe.each(["v1", "v1alpha"] as const)("reflection %s", (version) => {
  test("lists the services", async () => {
    const [answer] = await ask(version, { case: "listServices", value: "" });
    expect(answer).toMatchObject({
      case: "listServicesResponse",
      value: {
        service: [
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
          { name: "ostiary.login.v1.LoginService" },
          { name: "ostiary.session.v1.SessionService" },
          { name: "ostiary.settings.v1.SettingsService" },
        ],
      },
    });
  });

  test("finds files by name and by whatever is declared in them", async () => {
    const symbols = [
      "ostiary.settings.v1.SettingsService",
      "ostiary.settings.v1.SettingsService.UpdateFlow",
      "ostiary.settings.v1.UpdateFlowBody",
      "ostiary.settings.v1.UpdateFlowBody.method",
      "ostiary.settings.v1.UpdateFlowBody.csrf_token",
    ];
    for (const value of symbols)
      expect(names((await ask(version, { case: "fileContainingSymbol", value }))[0])).toContain(
        "ostiary/settings/v1/settings_service.proto",
      );
    for (const value of ["ostiary.ui.v1.FlowType", "ostiary.ui.v1.FLOW_TYPE_API"])
      expect(names((await ask(version, { case: "fileContainingSymbol", value }))[0])).toContain(
        "ostiary/ui/v1/ui.proto",
      );
    expect(names((await ask(version, { case: "fileByFilename", value: "google/api/http.proto" }))[0])).toEqual([
      "google/api/http.proto",
    ]);
  });

  test("knows extensions", async () => {
    const [numbers, file] = await ask(
      version,
      { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
      {
        case: "fileContainingExtension",
        value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 50001 },
      },
    );
    expect(numbers).toMatchObject({
      case: "allExtensionNumbersResponse",
      value: {
        baseTypeName: "google.protobuf.MethodOptions",
        extensionNumber: expect.arrayContaining([50001, 72295728]),
      },
    });
    expect(names(file)).toContain("ostiary/options/v1/options.proto");
  });

  test("says what it does not know, and goes on", async () => {
    const answers = await ask(
      version,
      { case: "fileByFilename", value: "nope.proto" },
      { case: "fileContainingSymbol", value: "nope.Nope" },
      {
        case: "fileContainingExtension",
        value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 },
      },
      { case: "allExtensionNumbersOfType", value: "nope.Nope" },
      { case: undefined },
    );
    expect(answers.map((answer) => answer.case === "errorResponse" && answer.value.errorCode)).toEqual([
      ...Array(4).fill(Code.NotFound),
      Code.InvalidArgument,
    ]);
  });
});

test("a file is read once, however many streams ask for it", async () => {
  const read: string[] = [];
  const files = createProtoFiles();
  const protoFiles = {
    read: (name: string) => {
      read.push(name);
      return files.read(name);
    },
  };
  const own = await serve([], { protoFiles });
  const asked: Ask = { case: "fileContainingSymbol", value: "ostiary.session.v1.SessionService" };
  const [one, ...others] = await Promise.all(
    (["v1", "v1alpha", "v1"] as const).map((version) => askAt(own, version, asked)),
  );
  await own.close();
  expect(names(one?.[0])).toContain("ostiary/session/v1/session_service.proto");
  expect(others.map(([answer]) => names(answer))).toEqual([names(one?.[0]), names(one?.[0])]);
  expect(read).toEqual([...new Set(read)]);
});

test("it shows nothing that the port does not answer", async () => {
  const isAnswered = (method: DescMethod) => method.parent === SessionService && method.name === "WhoAmI";
  let info: ServerReflectionImpl | undefined;
  createReflection([SessionService, LoginService], isAnswered).mount({
    service: (service: unknown, impl: ServerReflectionImpl) => {
      if (service === ServerReflection) info = impl;
    },
  } as never);
  async function* requests() {
    for (const value of [
      "",
      "ostiary.session.v1.SessionService",
      "ostiary.session.v1.SessionService.ListMySessions",
      "ostiary.login.v1.LoginService",
    ])
      yield { host: "h", messageRequest: { case: value === "" ? "listServices" : "fileContainingSymbol", value } };
  }
  const answers: ServerReflectionResponse["messageResponse"][] = [];
  for await (const { messageResponse } of info?.serverReflectionInfo(requests()) ?? []) answers.push(messageResponse);
  expect(answers[0]?.case === "listServicesResponse" && answers[0].value.service.map(({ name }) => name)).toEqual([
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "ostiary.session.v1.SessionService",
  ]);
  const [file] = answers[1]?.case === "fileDescriptorResponse" ? answers[1].value.fileDescriptorProto : [];
  const { service } = fromBinary(FileDescriptorProtoSchema, file ?? new Uint8Array());
  expect(service.map(({ name, method }) => [name, method.map((each) => each.name)])).toEqual([
    ["SessionService", ["WhoAmI"]],
  ]);
  expect(answers.slice(2).map((answer) => answer.case)).toEqual(["errorResponse", "errorResponse"]);
});

interface ServerReflectionImpl {
  serverReflectionInfo(requests: AsyncIterable<unknown>): AsyncIterable<ServerReflectionResponse>;
}

test("what it sends is enough to build the service from, options included", async () => {
  const [answer] = await ask("v1", { case: "fileContainingSymbol", value: "ostiary.settings.v1.SettingsService" });
  if (answer?.case !== "fileDescriptorResponse") throw new Error("no files");
  const file = answer.value.fileDescriptorProto
    .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
    .toReversed();
  const sorted = sortByImport(file);
  const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: sorted } as never);
  const method = registry.getService("ostiary.settings.v1.SettingsService")?.method.updateFlow;
  expect(method && getOption(method, http).pattern).toMatchObject({ case: "post", value: "/self-service/settings" });
});

/** A registry wants imports before what imports them. */
const sortByImport = (files: readonly DescFile["proto"][]): DescFile["proto"][] => {
  const sorted: DescFile["proto"][] = [];
  const add = (file: DescFile["proto"] | undefined) => {
    if (!file || sorted.includes(file)) return;
    for (const name of file.dependency) add(files.find((other) => other.name === name));
    sorted.push(file);
  };
  for (const file of files) add(file);
  return sorted;
};

test("the details of errors can be looked up, though no RPC names them", async () => {
  for (const value of ["ostiary.errors.v1.ErrorInfo", "ostiary.errors.v1.Reauthenticate", "google.rpc.BadRequest"])
    expect((await ask("v1", { case: "fileContainingSymbol", value }))[0]).toMatchObject({
      case: "fileDescriptorResponse",
    });
});

test("files come with their comments", async () => {
  const [answer] = await ask("v1", { case: "fileByFilename", value: "ostiary/session/v1/session_service.proto" });
  if (answer?.case !== "fileDescriptorResponse") throw new Error("no files");
  const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const comments = files[0]?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments).join("") ?? "";
  expect(comments).toContain("Get the caller's session.");
});

test("a stream sends a file it has sent only when it is asked for again", async () => {
  const [first, second, third] = await ask(
    "v1",
    { case: "fileContainingSymbol", value: "ostiary.settings.v1.SettingsService" },
    { case: "fileContainingSymbol", value: "ostiary.session.v1.SessionService" },
    { case: "fileByFilename", value: "ostiary/settings/v1/settings_service.proto" },
  );
  expect(names(first)).toContain("google/api/http.proto");
  expect(names(second)).not.toContain("google/api/http.proto");
  expect(names(third)).toEqual(["ostiary/settings/v1/settings_service.proto"]);
});

test("a stream that asks again and again ends", async () => {
  const codeOf = (times: number) =>
    ask("v1", ...Array<Ask>(times).fill({ case: "fileByFilename", value: "nope.proto" })).then(
      (answers) => answers.length,
      (error: unknown) => ConnectError.from(error).code,
    );
  expect(await codeOf(100)).toBe(100);
  expect(await codeOf(201)).toBe(Code.ResourceExhausted);
});
