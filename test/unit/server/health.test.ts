import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/health/v1/health_pb.ts";
import { serve, type TestServer } from "./server.ts";

let problems: Record<string, string> = {};
const ready = async () => problems;

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

test("a watcher of an unknown service hears that it is unknown", async () => {
  for await (const { status } of clientOf(open).watch({ service: "nope" })) {
    expect(status).toBe(Status.SERVICE_UNKNOWN);
    break;
  }
});
