import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { createClientAddress } from "../../../src/server/client-address.ts";
import { createTrustedOrigins } from "../../../src/server/trusted-origins.ts";

const from = (remoteAddress: string | undefined, headers: Record<string, string> = {}, encrypted = false) =>
  ({
    headers: { host: "id.example.com", ...headers },
    socket: { remoteAddress, encrypted },
  }) as unknown as IncomingMessage;

const forwarded = {
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "front.example.com",
};

test("without a trusted proxy the connection itself is believed", () => {
  const address = createClientAddress([]);
  expect(address(from("192.0.2.1", forwarded))).toEqual({ ip: "192.0.2.1", proto: "http", host: "id.example.com" });
  expect(address(from("::ffff:192.0.2.1", {}, true))).toEqual({
    ip: "192.0.2.1",
    proto: "https",
    host: "id.example.com",
  });
  expect(address(from(undefined, forwarded)).ip).toBe("127.0.0.1");
});

test("a trusted proxy is believed, a stranger is not", () => {
  const address = createClientAddress(["10.0.0.0/8", "::1"]);
  expect(address(from("10.1.2.3", forwarded))).toEqual({
    ip: "203.0.113.9",
    proto: "https",
    host: "front.example.com",
  });
  expect(address(from("::1", forwarded)).ip).toBe("203.0.113.9");
  expect(address(from("192.0.2.1", forwarded)).ip).toBe("192.0.2.1");
});

test("of a list, only what trusted proxies have added counts", () => {
  const address = createClientAddress(["10.0.0.0/8"]);
  expect(address(from("10.0.0.1", { "x-forwarded-for": "1.1.1.1, 203.0.113.9, 10.0.0.2" })).ip).toBe("203.0.113.9");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "10.0.0.3, 10.0.0.2" })).ip).toBe("10.0.0.3");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "203.0.113.9, nonsense" })).ip).toBe("10.0.0.1");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "203.0.113.9, nonsense, 10.0.0.2" })).ip).toBe("10.0.0.2");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "" })).ip).toBe("10.0.0.1");
  expect(address(from("::ffff:10.0.0.1", { "x-forwarded-for": "203.0.113.9, ::ffff:10.0.0.2" })).ip).toBe(
    "203.0.113.9",
  );
  expect(address(from("10.0.0.1", { "x-forwarded-for": "203.0.113.9, 10.0.0.2:4711" })).ip).toBe("203.0.113.9");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "[2001:db8::1]:443" })).ip).toBe("2001:db8::1");
  expect(address(from("10.0.0.1", { "x-forwarded-for": "203.0.113.9:4711" })).ip).toBe("203.0.113.9");
});

test("whoever reaches a Unix socket is believed where it is named, and a hop of that name is none", () => {
  const address = createClientAddress(["unix"]);
  expect(address(from(undefined, forwarded))).toEqual({
    ip: "203.0.113.9",
    proto: "https",
    host: "front.example.com",
  });
  expect(address(from("unix", { "x-forwarded-for": "198.51.100.1, unix" })).ip).toBe("127.0.0.1");
  expect(address(from(undefined)).ip).toBe("127.0.0.1");
  expect(address(from("192.0.2.1", forwarded)).ip).toBe("192.0.2.1");
  expect(createClientAddress(["0.0.0.0/0", "::/0"])(from(undefined, forwarded)).ip).toBe("127.0.0.1");
});

test("every peer may be a trusted proxy", () => {
  const address = createClientAddress(["0.0.0.0/0"]);
  expect(address(from("192.0.2.1", { "x-forwarded-for": "203.0.113.9" })).ip).toBe("203.0.113.9");
});

test("a host or a protocol that is none is not repeated", () => {
  const address = createClientAddress(["10.0.0.0/8"]);
  expect(address(from("10.0.0.1", { "x-forwarded-host": "a/b", "x-forwarded-proto": "javascript" }))).toMatchObject({
    proto: "http",
    host: "id.example.com",
  });
  expect(address(from("10.0.0.1", { host: "evil.example.org/@x" })).host).toBe("");
});

test("a site of ours is known by scheme, host and port", () => {
  const trusts = createTrustedOrigins([
    "https://app.example.com/welcome",
    "http://127.0.0.1:4455",
    "https://*.shop.example.com/account",
    "*",
    "/relative",
  ]);
  for (const origin of [
    "https://app.example.com",
    "http://127.0.0.1:4455",
    "https://a.shop.example.com",
    "https://a.b.shop.example.com",
  ])
    expect(trusts(origin)).toBe(true);
  for (const origin of [
    "http://app.example.com",
    "https://app.example.com:8443",
    "http://127.0.0.1:4456",
    "https://shop.example.com",
    "http://a.shop.example.com",
    "https://evilshop.example.com",
    "https://a.shop.example.com.evil.org",
    "https://evil.org@a.shop.example.com",
    "https://evil.org:x@a.shop.example.com",
    "https://evil.org/.shop.example.com",
    "https://evil.org?.shop.example.com",
    "https://.shop.example.com",
    "null",
    "",
  ])
    expect(trusts(origin)).toBe(false);
});
