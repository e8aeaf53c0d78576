import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { createClientRequestOf } from "../../../../src/server/rest/client-request.ts";

const request = (peer: string | undefined, headers: Record<string, string>, encrypted = false) =>
  ({
    raw: { headers, socket: { remoteAddress: peer, encrypted } },
    originalUrl: "/x?y=1",
  }) as unknown as FastifyRequest;

const clientRequestOf = (trusted_proxies: string[] = []) =>
  createClientRequestOf({ base_url: "https://id.example.com/", trusted_proxies });

test("a URL is what the client wrote", () => {
  expect(clientRequestOf()(request("192.0.2.1", { host: "auth.example.com:8080" }))).toEqual({
    url: "http://auth.example.com:8080/x?y=1",
    remoteAddress: "192.0.2.1",
  });
  expect(clientRequestOf()(request("::1", { host: "[::1]:4433" }, true)).url).toBe("https://[::1]:4433/x?y=1");
  expect(clientRequestOf()(request("::1", { ":authority": "h2.example.com" })).url).toBe("http://h2.example.com/x?y=1");
});

test("a URL has the path that was routed, and nothing that readers take apart differently", () => {
  const of = (originalUrl: string) =>
    clientRequestOf()({
      ...request("::1", { host: "h" }),
      raw: request("::1", { host: "h" }).raw,
      originalUrl,
    } as never).url;
  expect(of("//self-service/./login/browser?return_to=//a/../b#c")).toBe(
    "http://h/self-service/login/browser?return_to=//a/../b",
  );
  expect(of("/x?a=1;b=2")).toBe("http://h/x?a=1%3Bb=2");
});

test("a host that is none is not repeated", () => {
  for (const host of ["", "a/b", "evil.com@x", "a b", "x:y", "a\\b"])
    expect(clientRequestOf()(request("::1", { host })).url).toBe("http://id.example.com/x?y=1");
});

test("proxies are believed only when they are trusted", () => {
  const headers = {
    host: "inside",
    "x-forwarded-host": "outside.example.com",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.9, 10.0.0.7",
  };
  expect(clientRequestOf(["10.0.0.0/8"])(request("192.0.2.1", headers))).toEqual({
    url: "http://inside/x?y=1",
    remoteAddress: "192.0.2.1",
  });
  expect(clientRequestOf(["10.0.0.0/8"])(request("::ffff:10.1.2.3", headers))).toEqual({
    url: "https://outside.example.com/x?y=1",
    remoteAddress: "203.0.113.9",
  });
  expect(clientRequestOf(["10.1.2.3"])(request("10.1.2.3", headers)).remoteAddress).toBe("10.0.0.7");
  // A header that proxies pass on as it came says nothing.
  for (const proxies of [["::1"], []])
    expect(
      clientRequestOf(proxies)(request("::1", { host: "inside", "true-client-ip": "2001:db8::1" })).remoteAddress,
    ).toBe("::1");
});

test("nonsense in a proxy's headers changes nothing", () => {
  const headers = {
    host: "inside",
    "x-forwarded-host": "a/b",
    "x-forwarded-proto": "gopher",
    "x-forwarded-for": "unknown",
    "true-client-ip": "nobody",
  };
  expect(clientRequestOf(["127.0.0.1"])(request(undefined, headers))).toEqual({
    url: "http://inside/x?y=1",
    remoteAddress: "127.0.0.1",
  });
  expect(
    clientRequestOf(["127.0.0.1"])(request("127.0.0.1", { host: "inside", "x-forwarded-for": "198.51.100.4:1234" }))
      .remoteAddress,
  ).toBe("198.51.100.4");
});
