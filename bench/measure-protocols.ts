import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SessionService, WhoAmIRequestSchema } from "../gen/ostiary/session/v1/session_service_pb.ts";
import { GetFlowRequestSchema, SettingsService } from "../gen/ostiary/settings/v1/settings_service_pb.ts";
import { runH2load } from "./h2load.ts";
import type { Person } from "./people.ts";
import { requestSpecs, shotsOf } from "./requests.ts";
import { type Contender, inTurns, type Measured, type Point, shareOf } from "./rounds.ts";
import type { Shot } from "./shot.ts";
import type { World } from "./world.ts";

/** One request through several protocols; shares are of REST's requests per second, by the same load generator. */
export interface ProtocolResult {
  readonly name: "whoami" | "get";
  readonly rest: Measured;
  readonly connect: Measured;
  readonly connectShare: number;
  /** Undefined where h2load is not installed. */
  readonly grpc: { readonly rest: Measured; readonly grpc: Measured; readonly share: number } | undefined;
}

/** How the request is written for the other protocols. */
interface Rpc {
  readonly path: string;
  readonly json: (person: Person) => string;
  readonly binary: (person: Person) => Uint8Array;
}

const rpcs: Readonly<Record<ProtocolResult["name"], Rpc>> = {
  whoami: {
    path: `/${SessionService.typeName}/WhoAmI`,
    json: () => "{}",
    binary: () => encode(WhoAmIRequestSchema, {}),
  },
  get: {
    path: `/${SettingsService.typeName}/GetFlow`,
    json: ({ settingsFlow }) => JSON.stringify({ id: settingsFlow }),
    binary: ({ settingsFlow }) => encode(GetFlowRequestSchema, { id: settingsFlow }),
  },
};

/** A message in gRPC's frame: a byte for "not compressed", four for its length. */
const encode = <D extends DescMessage>(desc: D, init: MessageInitShape<D>): Uint8Array => {
  const bytes = toBinary(desc, create(desc, init));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

/** Measures one request through REST, Connect (JSON, HTTP/1.1) and gRPC (h2c). */
export const measureProtocols = async (
  world: World,
  name: ProtocolResult["name"],
  onPoint: (side: string, point: Point) => void,
): Promise<ProtocolResult> => {
  const { folder, generator, h2load, options, ostiary, watch } = world;
  const people = world.people.ostiary;
  const [person] = people;
  if (person === undefined) throw new Error("nobody to call with");
  const { pid, baseUrl } = ostiary;
  const authorization = `Bearer ${person.token}`;
  const { path, json, binary } = rpcs[name];
  await mustWork(baseUrl, person, authorization);

  const byGenerator = (side: string, shots: readonly Shot[]): Contender => ({
    name: side,
    pid,
    load: (_, duration) => generator.run({ baseUrl, shots, connections: options.connections, duration, status: 200 }),
  });
  const byH2load = (
    side: string,
    protocol: "http/1.1" | "h2c",
    shot: Parameters<typeof runH2load>[2]["shot"],
  ): Contender => ({
    name: side,
    pid,
    load: (_, duration) =>
      runH2load(h2load ?? "", folder, { baseUrl, shot, protocol, concurrency: options.connections, duration }),
  });

  const rest = shotsOf(requestSpecs[name], people, "");
  const connect = people.map((one): Shot => {
    const headers = {
      "content-type": "application/json",
      "connect-protocol-version": "1",
      authorization: `Bearer ${one.token}`,
    };
    return { method: "POST", path, headers, body: json(one) };
  });
  const grpc = {
    method: "POST",
    path,
    headers: { "content-type": "application/grpc", te: "trailers", authorization },
    body: binary(person),
  } as const;
  const contenders = [
    byGenerator("rest", rest),
    byGenerator("connect", connect),
    ...(h2load === undefined
      ? []
      : [byH2load("rest by h2load", "http/1.1", rest[0] ?? serviceError()), byH2load("grpc", "h2c", grpc)]),
  ];
  const [one = serviceError(), two = serviceError(), three, four] = await inTurns(contenders, {
    ...options,
    watch,
    onPoint,
  });
  return {
    name,
    rest: one,
    connect: two,
    connectShare: shareOf(two, one),
    grpc: three && four && { rest: three, grpc: four, share: shareOf(four, three) },
  };
};

const serviceError = (): never => {
  throw new Error("a figure is missing");
};

/** h2load cannot tell a refusal from an answer, so the calls are tried by a real client first. */
const mustWork = async (baseUrl: string, { settingsFlow }: Person, authorization: string): Promise<void> => {
  const transport = createGrpcTransport({ baseUrl });
  const headers = { authorization };
  await createClient(SessionService, transport).whoAmI({}, { headers });
  await createClient(SettingsService, transport).getFlow({ id: settingsFlow }, { headers });
};
