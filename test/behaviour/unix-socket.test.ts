import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LoginService } from "../../gen/ostiary/login/v1/login_service_pb.ts";
import { FlowType } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A public Unix socket behind a proxy: people are told apart by what the proxy says, through every protocol. */

const folder = mkdtempSync(path.join(tmpdir(), "ostiary-socket-"));
const socketPath = path.join(folder, "public.sock");
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      serve: { public: { host: `unix:${socketPath}`, trusted_proxies: ["unix"] } },
      limits: { flows: { per_network: 1 } },
    },
  });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Readonly<Record<string, string>>): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    http.get({ socketPath, path: url, headers }, (answer) => resolve(answer.resume())).on("error", reject);
  });

const baseUrl = "http://id.example.com";
const nodeOptions = { createConnection: () => net.connect(socketPath) };
const begins = (transport: Transport) => async (address: string) => {
  try {
    await createClient(LoginService, transport).createFlow(
      { type: FlowType.API },
      { headers: { "x-forwarded-for": address } },
    );
    return true;
  } catch {
    return false;
  }
};
const protocols: readonly (readonly [name: string, begin: (address: string) => Promise<boolean>])[] = [
  [
    "REST",
    async (address) => (await get("/self-service/login/api", { "x-forwarded-for": address })).statusCode === 200,
  ],
  ["Connect", begins(createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }))],
  ["gRPC", begins(createGrpcTransport({ baseUrl, nodeOptions }))],
  ["gRPC-Web", begins(createGrpcWebTransport({ baseUrl, httpVersion: "2", nodeOptions }))],
];

describe.each(protocols)("through %s", (name, begin) => {
  it("one stranger uses up no limit of another", async () => {
    const own = 10 + protocols.findIndex(([one]) => one === name);
    expect(await begin(`203.0.113.${own}`)).toBe(true);
    expect(await begin(`203.0.113.${own}`)).toBe(false);
    expect(await begin(`198.51.100.${own}`)).toBe(true);
  });
});

it("targets of requests that are no URL get a page, and nothing is logged as a failure", async () => {
  for (const target of ["//", "//:/x", "//a:99999/../hosted/x"]) {
    const { statusCode = 500 } = await get(target, { host: "id.example.com", accept: "text/html" });
    expect([target, statusCode < 500]).toEqual([target, true]);
  }
  expect(server.logged.filter((line) => /could not be made|failed inside/.test(line))).toEqual([]);
});
