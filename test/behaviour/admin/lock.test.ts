import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Health } from "../../../gen/health/v1/health_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { createApiKey } from "../../../src/lib/api-key.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { enterAsNewPerson } from "../../protocols/person.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";
import { createAuthority } from "../../setup/certificates.ts";

/* The lock of the admin port: each way in, and each way that is refused, through every protocol. */

const { getIdentity, createIdentity } = IdentityAdminService.method;
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-lock-"));
let server: TestServer;
let id: string;
beforeAll(async () => {
  server = await startServer();
  id = (await enterAsNewPerson(nativeRest, server)).person.id;
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An address of this machine that is not of the loopback interface, as another machine would call it. */
const outside = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === "IPv4")?.address;

describe.each(operatorProtocols)("without serve.admin.host, through $name", ({ call }) => {
  it("a program of this machine is let in", async () => {
    expect(done(await call(server.adminUrl, getIdentity, { id }))).toMatchObject({ identity: { id } });
  });

  it("by whatever name of this machine it calls", async () => {
    const at = server.adminUrl.replace("127.0.0.1", "localhost");
    expect(done(await call(at, getIdentity, { id }))).toMatchObject({ identity: { id } });
  });

  it.each([
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-host", "localhost"],
    ["x-forwarded-proto", "https"],
    ["forwarded", "for=127.0.0.1"],
    ["via", "1.1 proxy"],
    ["x-real-ip", "127.0.0.1"],
    ["true-client-ip", "127.0.0.1"],
    ["cf-connecting-ip", "127.0.0.1"],
  ])("what a proxy passes on is refused: %s", async (name, value) => {
    expect(reasonOf(await call(server.adminUrl, getIdentity, { id }, { [name]: value }))).toBe("NOT_LOCAL");
  });

  it.each([
    ["origin", "https://evil.example.org"],
    ["origin", "null"],
    ["origin", "http://127.0.0.1:4434"],
    ["sec-fetch-site", "cross-site"],
    ["sec-fetch-site", "same-origin"],
    ["sec-fetch-site", "none"],
  ])("what a browser sends is refused: %s: %s", async (name, value) => {
    expect(reasonOf(await call(server.adminUrl, getIdentity, { id }, { [name]: value }))).toBe("NOT_LOCAL");
  });

  it("nothing is written of what is refused", async () => {
    const email = "refused@example.com";
    const headers = { origin: "https://evil.example.org" };
    expect(reasonOf(await call(server.adminUrl, createIdentity, { traits: { email } }, headers))).toBe("NOT_LOCAL");
    expect(await server.sql("SELECT 1 FROM identity_identifiers WHERE identifier = ?", [email])).toEqual([]);
  });
});

describe("without serve.admin.host", () => {
  it.each(["evil.example.org", "evil.example.org:4434", "127.0.0.1.evil.example.org", "0.0.0.0", "169.254.169.254"])(
    "a name that is none of this machine is refused (DNS rebinding): %s",
    async (host) => {
      for (const target of [`/admin/identities/${id}`, "/version", "/health/ready", "/nowhere"]) {
        const { status, json } = await send(`${server.adminUrl}${target}`, { headers: { host } });
        expect([target, status, (json.error as { message: string }).message]).toEqual([
          target,
          403,
          "The admin port answers this machine only.",
        ]);
      }
    },
  );

  it("what is no RPC is locked as well, a path that is nowhere included", async () => {
    const headers = { origin: "https://evil.example.org" };
    for (const target of [
      "/version",
      "/metrics/prometheus",
      "/admin/health/ready",
      "/nowhere",
      "/self-service/login/api",
      "/ostiary.identity.v1.IdentityAdminService/GetIdentity",
      "/ostiary.identity.v1.IdentityAdminService/Nothing",
    ])
      expect([target, (await send(`${server.adminUrl}${target}`, { headers })).status]).toEqual([target, 403]);
    for (const target of ["/version", "/metrics/prometheus", "/admin/health/ready"])
      expect([target, (await send(`${server.adminUrl}${target}`)).status]).toEqual([target, 200]);
  });

  it("reflection and health are locked in the words of their protocol", async () => {
    const headers = { "content-type": "application/grpc", te: "trailers", "x-forwarded-for": "192.0.2.1" };
    const answer = await send(`${server.adminUrl}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers,
      body: Buffer.alloc(5),
    });
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/grpc"]);
    const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    expect((await send(`${server.adminUrl}${reflection}`, { method: "POST", headers })).headers["content-type"]).toBe(
      "application/grpc",
    );
  });

  it("other machines do not reach it", async () => {
    const address = outside();
    if (address === undefined) return;
    await expect(send(`${server.adminUrl.replace("127.0.0.1", address)}/version`)).rejects.toThrow("ECONNREFUSED");
  });

  it("no admin RPC is answered on the public port, whatever is presented", async () => {
    const rpc = `/ostiary.identity.v1.IdentityAdminService/GetIdentity`;
    const headers = { "content-type": "application/json" };
    expect((await send(`${server.url}${rpc}`, { method: "POST", headers, body: JSON.stringify({ id }) })).status).toBe(
      404,
    );
    expect((await send(`${server.url}/admin/identities/${id}`)).status).toBe(404);
  });
});

describe("with API keys", () => {
  const [all, reader, old, group] = [createApiKey(), createApiKey(), createApiKey(), createApiKey()];
  const key = ({ key }: { readonly key: string }) => ({ authorization: `Bearer ${key}` });
  beforeAll(async () => {
    await server.restart({
      serve: {
        admin: {
          host: "0.0.0.0",
          auth: {
            type: "api_keys",
            api_keys: [
              { id: "all", digest: all.digest, scopes: ["*"] },
              { id: "reader", digest: reader.digest, scopes: ["identities.read"] },
              { id: "group", digest: group.digest, scopes: ["identities.*"] },
              { id: "old", digest: old.digest, scopes: ["*"], expires_at: "2020-01-01T00:00:00Z" },
            ],
          },
        },
      },
    });
  });
  afterAll(() => server.restart());

  it.each(operatorProtocols)("a key opens what its scopes say, and no more: $name", async ({ call }) => {
    const at = server.adminUrl;
    expect(done(await call(at, getIdentity, { id }, key(reader)))).toMatchObject({ identity: { id } });
    expect(reasonOf(await call(at, createIdentity, { traits: { email: "x@example.com" } }, key(reader)))).toBe(
      "SCOPE_REQUIRED",
    );
    expect(reasonOf(await call(at, getIdentity, { id, include_credential: ["password"] }, key(reader)))).toBe(
      "SCOPE_REQUIRED",
    );
    expect(done(await call(at, getIdentity, { id, include_credential: ["password"] }, key(group)))).toMatchObject({
      identity: { credentials: { password: { config: { hashed_password: expect.any(String) } } } },
    });
    expect(done(await call(at, getIdentity, { id }, { ...key(all), "x-forwarded-for": "192.0.2.1" }))).toMatchObject({
      identity: { id },
    });
  });

  it.each(operatorProtocols)(
    "no key, an unknown, an altered, an expired one, and one in another place: $name",
    async ({ call }) => {
      for (const headers of [
        {},
        { authorization: "Bearer" },
        { authorization: `Bearer ${createApiKey().key}` },
        { authorization: `Bearer ${all.key}x` },
        { authorization: `Basic ${all.key}` },
        { authorization: `Bearer ${all.digest}` },
        { "x-session-token": all.key },
        key(old),
      ])
        expect(reasonOf(await call(server.adminUrl, getIdentity, { id }, headers))).toBe("OPERATOR_UNKNOWN");
    },
  );

  it("says how to authenticate, and keeps keys out of the log", async () => {
    const { status, headers } = await send(`${server.adminUrl}/admin/identities/${id}`, {
      headers: { authorization: "Bearer a-key-of-somebody-else" },
    });
    expect([status, headers["www-authenticate"]]).toEqual([401, 'Bearer realm="admin"']);
    expect(server.logged.join("\n")).not.toContain("a-key-of-somebody-else");
    expect(server.logged.join("\n")).not.toContain(all.key);
  });

  it("probes need no key, and learn nothing but how the server is; figures need a scope", async () => {
    for (const target of ["/health/alive", "/admin/health/ready"])
      expect((await send(`${server.adminUrl}${target}`)).json).toEqual({ status: "ok" });
    const sessionManager = new Http2SessionManager(server.adminUrl);
    const health = createClient(Health, createGrpcTransport({ baseUrl: server.adminUrl, sessionManager }));
    expect((await health.check({})).status).toBe(1);
    sessionManager.abort();
    expect((await send(`${server.adminUrl}/version`)).status).toBe(401);
    expect((await send(`${server.adminUrl}/metrics/prometheus`, { headers: key(reader) })).status).toBe(403);
    expect((await send(`${server.adminUrl}/metrics/prometheus`, { headers: key(all) })).status).toBe(200);
    expect((await send(`${server.adminUrl}/version`, { headers: key(reader) })).status).toBe(200);
  });

  it("the body of somebody unknown is not read", async () => {
    const body = JSON.stringify({ traits: { email: "y@example.com", more: "x".repeat(30_000_000) } });
    const answer = await send(`${server.adminUrl}/admin/identities`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }).catch((error: NodeJS.ErrnoException) => ({ status: error.code }));
    expect([401, "EPIPE", "ECONNRESET"]).toContain(answer.status);
  });
});

describe("with client certificates", () => {
  let certificates: Record<
    "server" | "billing" | "stranger" | "foreign" | "crafted" | "quoted",
    { readonly cert: string; readonly key: string }
  >;
  let ca: string;
  beforeAll(async () => {
    const [ours, theirs] = [path.join(folder, "ours"), path.join(folder, "theirs")];
    for (const each of [ours, theirs]) (await import("node:fs")).mkdirSync(each);
    const authority = createAuthority(ours);
    ca = authority.ca;
    certificates = {
      server: authority.certify("admin", "DNS:localhost", "IP:127.0.0.1"),
      billing: authority.certify("billing", "DNS:billing.internal"),
      stranger: authority.certify("stranger", "DNS:stranger.internal"),
      // Sections of openssl's configuration take values with commas.
      crafted: authority.certify(
        "crafted",
        "@names\n[names]\nURI.1=https://stranger.internal/, DNS:billing.internal, DNS:y",
      ),
      quoted: authority.certify("quoted", "@names\n[names]\nURI.1=https://jobs.internal/a,b"),
      foreign: createAuthority(theirs).certify("billing", "DNS:billing.internal"),
    };
    await server.restart({
      serve: {
        admin: {
          host: "0.0.0.0",
          tls: { cert: { path: certificates.server.cert }, key: { path: certificates.server.key } },
          auth: {
            type: "mtls",
            client_ca: { path: ca },
            clients: [
              { name: "billing.internal", scopes: ["identities.read"] },
              { name: "https://jobs.internal/a,b", scopes: ["identities.read"] },
            ],
          },
        },
      },
    });
  });
  afterAll(() => server.restart());

  const ask = (who: { readonly cert: string; readonly key: string } | undefined, target: string) =>
    new Promise<number>((resolve, reject) => {
      const keys = who && { cert: readFileSync(who.cert), key: readFileSync(who.key) };
      https
        .get(
          `${server.adminUrl.replace("http:", "https:")}${target}`,
          { ca: readFileSync(ca), agent: false, ...keys },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        )
        .on("error", reject);
    });

  it("a certificate that the configuration names opens what its scopes say", async () => {
    expect(await ask(certificates.billing, `/admin/identities/${id}`)).toBe(200);
    expect(await ask(certificates.billing, `/admin/identities/${id}?include_credential=password`)).toBe(403);
  });

  it("through gRPC as well", async () => {
    const baseUrl = server.adminUrl.replace("http:", "https:");
    const { cert, key } = certificates.billing;
    const sessionManager = new Http2SessionManager(baseUrl, undefined, {
      ca: readFileSync(ca),
      cert: readFileSync(cert),
      key: readFileSync(key),
    });
    const client = createClient(IdentityAdminService, createGrpcTransport({ baseUrl, sessionManager }));
    expect((await client.getIdentity({ id })).identity?.id).toBe(id);
    sessionManager.abort();
  });

  it("a name inside of another name is none, and a name with a comma is one", async () => {
    expect(await ask(certificates.crafted, `/admin/identities/${id}`)).toBe(401);
    expect(await ask(certificates.quoted, `/admin/identities/${id}`)).toBe(200);
  });

  it("a name that it does not name is refused", async () => {
    expect(await ask(certificates.stranger, `/admin/identities/${id}`)).toBe(401);
  });

  it("no certificate, and one of another authority, do not get as far as a request", async () => {
    await expect(ask(undefined, "/health/alive")).rejects.toThrow();
    await expect(ask(certificates.foreign, "/health/alive")).rejects.toThrow();
  });
});

describe("with none", () => {
  afterEach(() => server.restart());

  it("anyone who reaches it is let in, and the start says so in one line", async () => {
    await server.restart({ serve: { admin: { host: "0.0.0.0", auth: { type: "none" } } } });
    const headers = { "x-forwarded-for": "192.0.2.1", host: "admin.example.com" };
    expect(done(await operatorRest.call(server.adminUrl, getIdentity, { id }, headers))).toMatchObject({
      identity: { id },
    });
  });
});

describe("on a Unix socket", () => {
  const socketPath = path.join(folder, "admin.sock");
  afterAll(() => server.restart());

  const ask = (headers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
      http
        .get({ socketPath, path: `/admin/identities/${id}`, headers, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
        .on("error", reject);
    });

  it("whoever may open it is let in, by its mode; proxies and browsers are not; a stale one is replaced", async () => {
    const serve = { admin: { host: `unix:${socketPath}`, socket: { mode: 600 } } };
    await server.restart({ serve });
    expect((statSync(socketPath).mode & 0o777).toString(8)).toBe("600");
    expect(await ask()).toBe(200);
    expect(await ask({ host: "admin.internal" })).toBe(200);
    expect(await ask({ "x-forwarded-for": "192.0.2.1" })).toBe(403);
    expect(await ask({ origin: "http://localhost" })).toBe(403);
    writeFileSync(path.join(folder, "note"), "");
    await server.restart({ serve });
    expect(await ask()).toBe(200);
  });
});
