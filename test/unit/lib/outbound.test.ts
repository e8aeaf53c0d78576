import type { lookup as systemLookup } from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPublicAddress, isPublicName } from "../../../src/lib/outbound/address-policy.ts";
import { createAddressRules } from "../../../src/lib/outbound/address-rules.ts";
import { createOutboundFetch } from "../../../src/lib/outbound/outbound-fetch.ts";

describe("an address", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])(
    "%s is public",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...[
      "127.0.0.1",
      "0.0.0.0",
      "10.0.0.1",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "192.0.0.1",
      "198.18.0.1",
      "224.0.0.1",
    ],
    ...[
      "240.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "fc00::1",
      "fd12::1",
      "ff02::1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "64:ff9b::10.0.0.1",
    ],
    ...["2002:7f00:1::", "2001::1", "2001:db8::1", "not an address", ""],
  ])("%j is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("the name of a host", () => {
  it.each(["example.com", "sso.example.co.uk", "8.8.8.8", "localhost.evil.com"])("%s is public", (name) =>
    expect(isPublicName(name)).toBe(true),
  );
  it.each(["localhost", "keycloak", "sso.cluster.local", "db.internal", "10.0.0.1", "::1", "host.docker.internal"])(
    "%s is not",
    (name) => {
      expect(isPublicName(name)).toBe(false);
    },
  );
});

describe("where a URL may lead", () => {
  const at = (url: string) => new URL(url);

  it("is anywhere for a host that the configuration names, and public for one that another server names", () => {
    const rules = createAddressRules();
    expect(rules.policyOf(at("https://sso.example.com/x"), true)).toBe("any");
    expect(rules.policyOf(at("https://sso.example.com/x"), false)).toBe("public");
  });

  it("is a private network for plain http, and nowhere when another server names it", () => {
    const rules = createAddressRules();
    expect(rules.policyOf(at("http://keycloak:8080/"), true)).toBe("private");
    expect(rules.policyOf(at("http://keycloak:8080/"), false)).toBeUndefined();
    expect(rules.policyOf(at("http://sso.example.com/"), true)).toBeUndefined();
    expect(rules.policyOf(at("file:///etc/passwd"), true)).toBeUndefined();
    const dev = createAddressRules({ dev: true });
    expect([
      dev.policyOf(at("http://sso.example.com/"), true),
      dev.policyOf(at("http://sso.example.com/"), false),
    ]).toEqual(["any", "public"]);
  });

  it("is public for configured hosts too where private networks are ruled out, with exceptions", () => {
    const rules = createAddressRules({
      disallowPrivate: true,
      exceptions: ["https://sso.internal/realms/*", "http://127.0.0.1:8080/**"],
    });
    expect(rules.policyOf(at("https://sso.internal/realms/a"), true)).toBe("any");
    expect(rules.policyOf(at("https://sso.internal/realms/a"), false)).toBe("public");
    expect(rules.policyOf(at("https://sso.internal/realms/a/b"), true)).toBe("public");
    expect(rules.policyOf(at("https://ssoxinternal/realms/a"), true)).toBe("public");
    expect(rules.policyOf(at("http://127.0.0.1:8080/a/b.c"), true)).toBe("private");
    expect(rules.policyOf(at("http://127.0.0.1:9090/"), true)).toBeUndefined();
  });
});

describe("a request to another server", () => {
  const seen: string[] = [];
  let port = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host} ${request.url}`);
    if (request.url === "/away") response.writeHead(302, { location: "/elsewhere" });
    response.end("ok");
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const signal = () => AbortSignal.timeout(2_000);

  /** A resolver that gives these addresses, another list at each question. */
  const resolving = (...lists: readonly (readonly string[])[]) => {
    const asked: string[] = [];
    const lookup = ((
      name: string,
      _: unknown,
      callback: (error: null, found: readonly { address: string; family: number }[]) => void,
    ) => {
      const list = lists[Math.min(asked.length, lists.length - 1)] ?? [];
      asked.push(name);
      process.nextTick(() =>
        callback(
          null,
          list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
        ),
      );
    }) as unknown as typeof systemLookup;
    return { asked, lookup };
  };

  it("goes to the address that was checked, and resolves the name once", async () => {
    const { asked, lookup } = resolving(["127.0.0.1"], ["192.0.2.1"]);
    const answer = await createOutboundFetch({ lookup })(`http://sso.test:${port}/x`, {
      method: "POST",
      body: "a=b",
      signal: signal(),
      policy: "private",
    });
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    expect(asked).toEqual(["sso.test"]);
    expect(seen.at(-1)).toBe(`POST sso.test:${port} /x`);
  });

  it.each([
    ["private, where it must be public", ["127.0.0.1"], "public"],
    ["private among public ones", ["8.8.8.8", "127.0.0.1"], "public"],
    ["that of the machine's own metadata", ["169.254.169.254"], "public"],
    ["an IPv4 address in IPv6", ["::ffff:127.0.0.1"], "public"],
    ["public, where it must stay within a network", ["8.8.8.8"], "private"],
  ] as const)("is not made when an address is %s", async (_, addresses, policy) => {
    const before = seen.length;
    const { lookup } = resolving(addresses);
    const send = createOutboundFetch({ lookup });
    await expect(send(`http://sso.test:${port}/x`, { method: "GET", signal: signal(), policy })).rejects.toMatchObject({
      name: "AddressRefused",
    });
    expect(seen).toHaveLength(before);
  });

  it.each(["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])(
    "is not made to %s, which is an address by itself",
    async (host) => {
      const send = createOutboundFetch();
      await expect(
        send(`http://${host}:${port}/x`, { method: "GET", signal: signal(), policy: "public" }),
      ).rejects.toMatchObject({ name: "AddressRefused" });
    },
  );

  it("does not use a connection that was made under another policy", async () => {
    const { lookup } = resolving(["127.0.0.1"]);
    const send = createOutboundFetch({ lookup });
    const url = `http://sso.test:${port}/x`;
    await (await send(url, { method: "GET", signal: signal(), policy: "any" })).text();
    await expect(send(url, { method: "GET", signal: signal(), policy: "public" })).rejects.toMatchObject({
      name: "AddressRefused",
    });
  });

  it("follows no redirect, and ends with its signal", async () => {
    const send = createOutboundFetch();
    const answer = await send(`http://127.0.0.1:${port}/away`, { method: "GET", signal: signal(), policy: "any" });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/elsewhere"]);
    await expect(
      send(`http://127.0.0.1:${port}/x`, { method: "GET", signal: AbortSignal.abort(), policy: "any" }),
    ).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
