import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCached } from "../../../src/lib/cached.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { createProviderFetch } from "../../../src/methods/oidc/provider-fetch.ts";
import { startOpenidStub } from "../../setup/openid-stub.ts";
import { makeAuthorizationState, makeClient, makeConfig } from "./make-provider.ts";

describe("what is kept", () => {
  const begin = (freshFor = 100, usableFor?: number) => {
    let at = 0;
    let fails = false;
    let loads = 0;
    const clock: Clock = { now: () => new Date(at) };
    const load = async () => {
      loads++;
      await Promise.resolve();
      if (!fails) return loads;
      // It takes that long to find out.
      at += 50;
      throw new Error("down");
    };
    const cached = createCached({ load, clock, freshFor, ...(usableFor !== undefined && { usableFor }) });
    return {
      cached,
      loads: () => loads,
      pass: (milliseconds: number) => {
        at += milliseconds;
      },
      serviceError: (value: boolean) => {
        fails = value;
      },
    };
  };
  const completeAuthentication = () => new Promise((resolve) => setTimeout(resolve, 5));

  it("is fetched once for all who come at the same time", async () => {
    const { cached, loads } = begin();
    expect(await Promise.all([cached.get(), cached.get(), cached.get()])).toEqual([1, 1, 1]);
    expect(loads()).toBe(1);
  });

  it("is renewed behind the back of whoever uses it", async () => {
    const { cached, loads, pass } = begin();
    await cached.get();
    pass(99);
    expect([await cached.get(), loads()]).toEqual([1, 1]);
    pass(1);
    expect(await cached.get()).toBe(1);
    await completeAuthentication();
    expect([await cached.get(), loads()]).toEqual([2, 2]);
  });

  it("stays in use while its server is down, which is asked now and then", async () => {
    const { cached, loads, pass, serviceError } = begin();
    await cached.get();
    serviceError(true);
    pass(100);
    for (let times = 0; times < 5; times++) {
      expect(await cached.get()).toBe(1);
      await completeAuthentication();
    }
    expect(loads()).toBe(2);
    pass(50);
    await cached.get();
    await completeAuthentication();
    expect(loads()).toBe(3);
  });

  it("does not stay for ever where that is not wanted", async () => {
    const { cached, pass, serviceError } = begin(100, 1000);
    await cached.get();
    serviceError(true);
    pass(1000);
    await expect(cached.get()).rejects.toThrow("down");
  });

  it("fails at once for as long as it took to find out that it could not be fetched", async () => {
    const { cached, loads, pass, serviceError } = begin();
    serviceError(true);
    await expect(cached.get()).rejects.toThrow("down");
    await expect(cached.get()).rejects.toThrow("down");
    expect(loads()).toBe(1);
    serviceError(false);
    pass(50);
    expect(await cached.get()).toBe(2);
  });

  it("is what there is when a fresh one cannot be had just now", async () => {
    const { cached, loads, pass, serviceError } = begin();
    await cached.get();
    serviceError(true);
    pass(20);
    await expect(cached.refresh(10)).rejects.toThrow("down");
    expect([await cached.refresh(10), loads()]).toEqual([1, 2]);
  });

  it("is not fetched over and over when somebody asks for a fresh one", async () => {
    const { cached, loads, pass } = begin();
    await cached.get();
    expect([await cached.refresh(10), loads()]).toEqual([1, 1]);
    pass(10);
    expect([await cached.refresh(10), loads()]).toEqual([2, 2]);
  });
});

describe("asking a provider", () => {
  const fetchHere = createProviderFetch({ timeout: 500, pause: 5, limit: 1000 });
  const ask: typeof fetchHere = Object.assign(
    (...[where, request]: Parameters<typeof fetchHere>) =>
      fetchHere(where, { ...request, configuredHosts: new Set(["127.0.0.1"]) }),
    { isSafe: fetchHere.isSafe },
  );
  const asked: string[] = [];
  let url = "";
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/drop") return void request.socket.destroy();
    if (request.url === "/hang") return;
    if (request.url === "/drip") return void response.writeHead(200).write("x");
    if (request.url === "/large") return void response.end("x".repeat(2000));
    if (request.url === "/away") return void response.writeHead(302, { location: "/elsewhere" }).end();
    if (request.url === "/once" && asked.filter((line) => line === "GET /once").length === 1)
      return void response.writeHead(503).end();
    return void response.writeHead(request.url === "/broken" ? 500 : 200).end("ok");
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const times = (line: string) => asked.filter((one) => one === line).length;

  it("tries a question once more, and what may happen once only not", async () => {
    expect((await ask(`${url}/once`, { method: "GET" })).status).toBe(200);
    expect((await ask(`${url}/broken`, { method: "GET" })).status).toBe(500);
    expect((await ask(`${url}/broken`, { method: "POST", body: "x" })).status).toBe(500);
    await expect(ask(`${url}/drop`, { method: "POST", body: "x" })).rejects.toMatchObject({ reason: "unavailable" });
    await expect(ask(`${url}/drop`, { method: "GET" })).rejects.toMatchObject({ reason: "unavailable" });
    expect([
      times("GET /once"),
      times("GET /broken"),
      times("POST /broken"),
      times("POST /drop"),
      times("GET /drop"),
    ]).toEqual([2, 2, 1, 1, 2]);
  });

  it("waits for an answer, and for all of it, no longer than it may", async () => {
    for (const where of ["/hang", "/drip"]) {
      const started = performance.now();
      await expect(ask(`${url}${where}`, { method: "GET" })).rejects.toMatchObject({
        reason: "unavailable",
        message: expect.stringContaining("in time"),
      });
      expect(performance.now() - started).toBeLessThan(20_000);
      expect(times(`GET ${where}`)).toBe(1);
    }
  });

  it("reads no more than it may, follows nobody elsewhere, and names no secret", async () => {
    await expect(ask(`${url}/large`, { method: "GET" })).rejects.toMatchObject({
      reason: "unavailable",
      message: expect.stringContaining("larger than"),
    });
    expect((await ask(`${url}/away`, { method: "GET" })).status).toBe(302);
    expect(times("GET /elsewhere")).toBe(0);
    const gone = await startOpenidStub("client");
    await gone.close();
    const message = `${new URL(gone.issuer).host} cannot be reached (ECONNREFUSED)`;
    await expect(ask(`${gone.issuer}/x?code=secret`, { method: "GET" })).rejects.toMatchObject({ message });
  });
});

describe("keys", () => {
  it("stay in use while the provider is down", async () => {
    const stub = await startOpenidStub("client");
    const client = makeClient(makeConfig({ issuer_url: stub.issuer }));
    const { nonce } = makeAuthorizationState();
    expect((await client.completeNative(await stub.sign({ nonce }), nonce)).kind).toBe("completed");
    await stub.close();
    expect((await client.completeNative(await stub.sign({ nonce }), nonce)).kind).toBe("completed");
    expect(await client.completeNative(await stub.sign({ nonce }, { kid: "unknown" }), nonce)).toMatchObject({
      kind: "refused",
    });
  });

  it("that a token does not name are all tried", async () => {
    const [one, two] = await Promise.all([startOpenidStub("client"), startOpenidStub("client")]);
    const { kid: _, ...first } = one.publicKey;
    const { kid: __, ...second } = two.publicKey;
    two.answerAt("/jwks", { keys: [first, second] });
    const client = makeClient(makeConfig({ issuer_url: two.issuer }));
    expect((await client.completeNative(await two.sign({ nonce: "n" }, { kid: undefined }), "n")).kind).toBe(
      "completed",
    );
    await Promise.all([one.close(), two.close()]);
  });

  it("that cannot be read, or are secrets, are none", async () => {
    const stub = await startOpenidStub("client");
    for (const [body, reason] of [
      ["<html>", "unavailable"],
      [{ keys: "x" }, "unavailable"],
      [{ keys: [{ kty: "oct", k: "c2VjcmV0", kid: stub.publicKey.kid, alg: "RS256" }] }, "signature"],
      [{ keys: [] }, "signature"],
    ] as const) {
      stub.answerAt("/jwks", body);
      expect(
        await makeClient(makeConfig({ issuer_url: stub.issuer })).completeNative(await stub.sign({ nonce: "n" }), "n"),
      ).toMatchObject({
        kind: "refused",
        reason,
      });
    }
    await stub.close();
  });
});

describe("having a person choose an account", () => {
  const promptOf = async (known: readonly string[] | undefined, upstream: Readonly<Record<string, string>> = {}) => {
    const stub = await startOpenidStub("client", () => (known ? { prompt_values_supported: known } : {}));
    try {
      const client = makeClient(makeConfig({ issuer_url: stub.issuer }));
      const away = await client.authorizationUrl({
        authorization: makeAuthorizationState(),
        upstream,
        choosesAccount: true,
      });
      return away.kind === "redirect" && new URL(away.location).searchParams.get("prompt");
    } finally {
      await stub.close();
    }
  };

  it.each([
    ["is asked of a provider that says nothing of prompts", undefined, "select_account"],
    ["is asked of one that knows it", ["login", "select_account"], "select_account"],
    ["is not asked of one that would refuse it", ["login"], null],
  ])("%s", async (_, known, prompt) => {
    expect(await promptOf(known)).toBe(prompt);
  });

  it("gives way to what the client asks for", async () => {
    expect(await promptOf(undefined, { prompt: "consent" })).toBe("consent");
  });
});
