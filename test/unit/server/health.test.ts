import http2 from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/health/v1/health_pb.ts";
import { serve, type TestServer } from "./server.ts";

let problems: Record<string, string> = {};
const ready = () => problems;

let open: TestServer;
let admin: TestServer;
beforeAll(async () => {
  open = await serve([], { ready });
  admin = await serve([], { ready, port: "admin" });
});
beforeEach(() => {
  problems = {};
});
afterAll(async () => {
  await Promise.all([open.close(), admin.close()]);
});

const get = async (server: TestServer, path: string) => {
  const answer = await fetch(`${server.url}${path}`);
  return {
    status: answer.status,
    body: answer.headers.get("content-type")?.includes("json") ? await answer.json() : await answer.text(),
    headers: answer.headers,
  };
};
const clientOf = (server: TestServer) => createClient(Health, createGrpcTransport({ baseUrl: server.url }));

test("a server that is well says so, on both ports", async () => {
  for (const server of [open, admin]) {
    for (const path of ["/health/alive", "/health/ready"]) {
      const { status, body, headers } = await get(server, path);
      expect([status, body]).toEqual([200, { status: "ok" }]);
      expect(headers.get("cache-control")).toBe("private, no-cache, no-store, must-revalidate");
    }
  }
  expect((await get(admin, "/admin/health/ready")).status).toBe(200);
});

test("what is wrong is said on the admin port alone; the server is alive all the same", async () => {
  problems = { database: "connect ECONNREFUSED 10.0.0.5:3306" };
  expect(await get(open, "/health/ready")).toMatchObject({ status: 503, body: { errors: { database: "not ready" } } });
  expect(await get(admin, "/health/ready")).toMatchObject({ status: 503, body: { errors: problems } });
  expect((await get(open, "/health/alive")).status).toBe(200);
  await expect.poll(() => open.metrics()).toContain('_count{rpc="health/ready",protocol="rest",code="unavailable"} 1');
});

test("version and figures are on the admin port alone", async () => {
  expect(await get(admin, "/version")).toMatchObject({ status: 200, body: { version: "1.2.3" } });
  for (const path of ["/metrics/prometheus", "/admin/metrics/prometheus"])
    expect((await get(admin, path)).body).toContain("process_resident_memory_bytes");
  for (const path of ["/version", "/metrics/prometheus", "/admin/health/alive"])
    expect((await get(open, path)).status).toBe(404);
});

test("grpc.health.v1 knows every service", async () => {
  const client = clientOf(open);
  for (const service of ["", "ostiary.settings.v1.SettingsService", "grpc.health.v1.Health"])
    expect((await client.check({ service })).status).toBe(Status.SERVING);
  await expect(client.check({ service: "nope" })).rejects.toThrow("no such service");
  expect(Object.keys((await client.list({})).statuses)).toContain("ostiary.session.v1.SessionService");
  problems = { database: "gone" };
  expect((await client.check({})).status).toBe(Status.NOT_SERVING);
});

test("a watcher hears of a change, and of the end", async () => {
  const own = await serve([], { ready });
  const told: Status[] = [];
  const watching = (async () => {
    for await (const { status } of clientOf(own).watch({})) {
      told.push(status);
      if (status === Status.SERVING) problems = { database: "gone" };
    }
  })().then(
    () => "ended",
    (error: Error) => error.message,
  );
  await expect.poll(() => told, { timeout: 8_000 }).toEqual([Status.SERVING, Status.NOT_SERVING]);
  await own.close();
  expect(await watching).toContain("unavailable");
});

test("so many streams of a network, and of all, may be open; one that ends makes room", async () => {
  const own = await serve([], { ready, streams: { total: 3, perNetwork: 2 }, trustedProxies: ["127.0.0.1"] });
  const of = (network: string) => {
    const end = new AbortController();
    const answers = clientOf(own)
      .watch({}, { signal: end.signal, headers: { "x-forwarded-for": network } })
      [Symbol.asyncIterator]();
    return { first: answers.next().then(({ value }) => value?.status), end };
  };
  const refused = expect.objectContaining({ code: Code.ResourceExhausted });
  const [one, two] = [of("192.0.2.1"), of("192.0.2.1")];
  expect([await one.first, await two.first]).toEqual([Status.SERVING, Status.SERVING]);
  await expect(of("192.0.2.1").first).rejects.toEqual(refused);
  const three = of("192.0.2.3");
  expect(await three.first).toBe(Status.SERVING);
  await expect(of("192.0.2.4").first).rejects.toEqual(refused);
  async function* questions() {
    yield { host: "h", messageRequest: { case: "listServices", value: "" } } as const;
  }
  const reflection = createClient(ServerReflection, createGrpcTransport({ baseUrl: own.url }));
  await expect(reflection.serverReflectionInfo(questions())[Symbol.asyncIterator]().next()).rejects.toEqual(refused);
  one.end.abort();
  await expect.poll(() => of("192.0.2.4").first.catch(() => "refused")).toBe(Status.SERVING);
  await own.close();
});

describe("calls of health and reflection", () => {
  const linesOf = ({ lines }: TestServer, rpc: string) =>
    lines.filter((line) => line.rpc === rpc).map(({ protocol, code }) => [protocol, code]);
  const watchRpc = "grpc.health.v1.Health/Watch";
  const infoRpc = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  async function* question() {
    yield { host: "h", messageRequest: { case: "listServices", value: "" } } as const;
  }
  const callAll = async (own: TestServer) => {
    await clientOf(own).check({});
    await clientOf(own)
      .check({ service: "nope" })
      .catch(() => undefined);
    const end = new AbortController();
    await clientOf(own).watch({}, { signal: end.signal })[Symbol.asyncIterator]().next();
    end.abort();
    const reflection = createClient(ServerReflection, createGrpcTransport({ baseUrl: own.url }));
    for await (const _ of reflection.serverReflectionInfo(question()));
  };

  test("are logged and counted like those of other services, also where there was no room", async () => {
    const own = await serve([], { ready, streams: { total: 0 } });
    await clientOf(own)
      .watch({})
      [Symbol.asyncIterator]()
      .next()
      .catch(() => undefined);
    await expect.poll(() => linesOf(own, watchRpc)).toEqual([["grpc", "resource_exhausted"]]);
    await own.close();
    const other = await serve([], { ready });
    await callAll(other);
    await expect.poll(() => linesOf(other, watchRpc)).toEqual([["grpc", "canceled"]]);
    await expect.poll(() => linesOf(other, infoRpc)).toEqual([["grpc", "ok"]]);
    expect(linesOf(other, "grpc.health.v1.Health/Check")).toEqual([
      ["grpc", "ok"],
      ["grpc", "not_found"],
    ]);
    for (const rpc of [watchRpc, infoRpc, "grpc.health.v1.Health/Check"])
      expect(await other.metrics()).toContain(`ostiary_call_duration_seconds_count{rpc="${rpc}"`);
    await other.close();
  });

  test("of health are counted and not logged where the configuration says so", async () => {
    const own = await serve([], { ready, logsHealth: false });
    await callAll(own);
    await expect.poll(() => own.metrics()).toContain(`_count{rpc="${watchRpc}",protocol="grpc",code="canceled"} 1`);
    await expect.poll(() => linesOf(own, infoRpc)).toEqual([["grpc", "ok"]]);
    expect(own.lines.filter(({ rpc }) => String(rpc).startsWith("grpc.health"))).toEqual([]);
    await own.close();
  });

  test("that are streams last for so long and no longer; a client that does not end one is cut off", async () => {
    const own = await serve([], { ready, streams: { timeout: 100 } });
    const told: Status[] = [];
    const watching = (async () => {
      for await (const { status } of clientOf(own).watch({})) told.push(status);
    })();
    await expect(watching).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: /open another/ });
    expect(told).toEqual([Status.SERVING]);
    const session = http2.connect(own.url);
    const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ...headers, ":path": `/${infoRpc}` }, { endStream: false });
    stream.on("error", () => undefined).resume();
    await new Promise((resolve) => stream.once("close", resolve));
    await expect.poll(() => linesOf(own, infoRpc)).toEqual([["grpc", "unavailable"]]);
    session.close();
    await own.close();
  });
});

describe("a client that compresses what it sends", () => {
  const compressed = () =>
    createGrpcTransport({ baseUrl: open.url, sendCompression: compressionGzip, compressMinBytes: 0 });

  test("is answered by health and reflection as by every other service", async () => {
    const client = createClient(Health, compressed());
    expect((await client.check({})).status).toBe(Status.SERVING);
    expect((await client.check({ service: "ostiary.settings.v1.SettingsService" })).status).toBe(Status.SERVING);
    for await (const { status } of client.watch({ service: "" })) {
      expect(status).toBe(Status.SERVING);
      break;
    }
    async function* questions() {
      yield { host: "h", messageRequest: { case: "listServices", value: "" } } as const;
    }
    for (const version of [ServerReflection, ServerReflectionAlpha])
      for await (const { messageResponse } of createClient(version, compressed()).serverReflectionInfo(questions()))
        expect(messageResponse.case).toBe("listServicesResponse");
  });
});

describe("bytes that are no message", () => {
  const send = (path: string) =>
    new Promise<unknown>((resolve, reject) => {
      const session = http2.connect(open.url);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("response", (headers) => headers["grpc-status"] && resolve(headers["grpc-status"]));
      stream.on("trailers", (trailers) => resolve(trailers["grpc-status"])).on("error", reject);
      stream.on("close", () => session.close()).resume();
      stream.end(Buffer.from([0, 0, 0, 0, 3, 0x0a, 0xff, 0x01]));
    });

  test.each([
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
  ])("are their client's fault at %s", async (path) => {
    expect(Number(await send(path))).toBe(Code.InvalidArgument);
  });
});

test("a watcher of an unknown service hears that it is unknown", async () => {
  for await (const { status } of clientOf(open).watch({ service: "nope" })) {
    expect(status).toBe(Status.SERVICE_UNKNOWN);
    break;
  }
});
