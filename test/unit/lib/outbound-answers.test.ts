import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutboundFetch, type OutboundRequest } from "../../../src/lib/outbound/outbound-fetch.ts";
import { readBody } from "../../../src/lib/outbound/read-body.ts";

/*
 * Answers of servers that do not keep to HTTP, written byte by byte. An
 * exception that nobody catches fails the run; one that ends a server in
 * production would be such a one.
 */

const send = createOutboundFetch();
let answer: (socket: Socket, requests: number) => void = () => undefined;
let asked: string[] = [];
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  let requests = 0;
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
  socket.on("data", (data) => {
    asked.push(data.toString("latin1"));
    requests += 1;
    answer(socket, requests);
  });
});
let url = "";
const SILENT = "ended by its signal";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => {
  server.close();
  for (const socket of sockets) socket.destroy();
});

const ask = (request: Partial<OutboundRequest> = {}) =>
  send(url, { method: "GET", signal: AbortSignal.timeout(5_000), policy: "any", ...request });

/** The status of an answer that can be read to its end; otherwise that it failed, or was ended by its signal. */
const outcome = async (request: Partial<OutboundRequest>, timeout = 10_000): Promise<string> => {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await ask({ ...request, signal });
    await readBody(response, 100_000);
    return String(response.status);
  } catch {
    return signal.aborted ? SILENT : "failed";
  }
};

const ways = {
  "a question": { method: "GET" },
  "what happens once": { method: "POST", body: "a=b" },
  "a delivery": { method: "POST", body: "a=b", reuse: true },
} satisfies Record<string, Partial<OutboundRequest>>;

describe.each(Object.entries(ways))("an odd answer to %s", (_, request) => {
  it.each([
    ["the status 999", "HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n", "failed"],
    ["the status 600 and a body", "HTTP/1.1 600 X\r\ncontent-length: 2\r\n\r\nok", "failed"],
    ["the status 000", "HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n", "failed"],
    ["the status 099", "HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n", "failed"],
    ["a status of four digits", "HTTP/1.1 2000 X\r\ncontent-length: 0\r\n\r\n", "failed"],
    ["101 with Upgrade", "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nrest", "failed"],
    ["200 with Upgrade", "HTTP/1.1 200 X\r\nconnection: upgrade\r\nupgrade: a\r\ncontent-length: 0\r\n\r\n", "200"],
    ["101 without Upgrade", "HTTP/1.1 101 X\r\n\r\n", "failed"],
    ["100 that was not asked for", "HTTP/1.1 100 Continue\r\n\r\n", "failed"],
    ["103 before the answer", "HTTP/1.1 103 X\r\nlink: <a>\r\n\r\nHTTP/1.1 204 X\r\n\r\n", "204"],
    ["204 with a body", "HTTP/1.1 204 X\r\ncontent-length: 2\r\n\r\nok", "204"],
    ["no status line", "<html>hello</html>\r\n\r\n", "failed"],
    ["the answer of another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "failed"],
    ["headers without an end", `HTTP/1.1 200 X\r\n${"x-a: ".padEnd(1_000, "b")}\r\n`.repeat(40), "failed"],
    ["too many headers", `HTTP/1.1 200 X\r\n${"x-a: b\r\n".repeat(10_000)}\r\n`, "failed"],
    ["a header without a name", "HTTP/1.1 200 X\r\n: b\r\ncontent-length: 0\r\n\r\n", "failed"],
    ["a header of a prototype", "HTTP/1.1 200 X\r\n__proto__: b\r\ncontent-length: 0\r\n\r\n", "200"],
    ["two lengths", "HTTP/1.1 200 X\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok", "failed"],
    ["a length that is no number", "HTTP/1.1 200 X\r\ncontent-length: two\r\n\r\nok", "failed"],
    ["a chunk of garbage", "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n", "failed"],
    [
      "a trailer of a prototype",
      "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n__proto__: b\r\n\r\n",
      "200",
    ],
    ["more than its length", "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 999 X\r\n\r\n", "200"],
    ["a silence after half a body", "HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nok", SILENT],
    ["a silence", "", SILENT],
  ])("is %s", async (_, bytes, expected) => {
    answer = (socket) => socket.write(bytes);
    expect(await outcome(request, expected === SILENT ? 200 : undefined)).toBe(expected);
  });

  it.each([
    ["nothing", ""],
    ["half a status line", "HTTP/1.1 20"],
    ["half a header", "HTTP/1.1 200 X\r\ncontent-le"],
    ["half a body", "HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nok"],
    ["half a chunk", "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok"],
  ])("is %s, and then the end of the connection", async (_, bytes) => {
    answer = (socket) => socket.end(bytes);
    expect(await outcome(request)).toBe("failed");
    answer = (socket) => socket.write(bytes, () => socket.resetAndDestroy());
    expect(await outcome(request)).toBe("failed");
  });
});

describe("an answer", () => {
  const full = "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok";

  it("that nobody reads is let go by cancelling it, or by its signal", async () => {
    answer = (socket) => socket.write("HTTP/1.1 500 X\r\ncontent-length: 900000\r\n\r\nno");
    const [socket, response] = await Promise.all([once(server, "connection"), ask(ways["what happens once"])]);
    await Promise.all([once(socket[0] as Socket, "close"), response.body?.cancel()]);

    const controller = new AbortController();
    const { signal } = controller;
    const [other] = await Promise.all([once(server, "connection"), ask({ ...ways["what happens once"], signal })]);
    const closed = once(other[0] as Socket, "close");
    controller.abort();
    await closed;
  });

  it("that breaks off before it is read tells whoever reads it later", async () => {
    answer = (socket) => socket.write("HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nok");
    const response = await ask();
    for (const socket of sockets) socket.resetAndDestroy();
    await expect.poll(() => sockets.size).toBe(0);
    await expect(response.text()).rejects.toThrow();
  });

  it("over a connection that was closing is asked for again, but where it may happen once only", async () => {
    answer = (socket, requests) => (requests === 1 ? socket.write(full) : socket.resetAndDestroy());
    for (const reuse of [true, true, true])
      expect(await (await ask({ ...ways["a delivery"], reuse })).text()).toBe("ok");
    // The second one was sent twice; its fresh connection is not used again.
    expect(asked).toHaveLength(4);

    asked = [];
    for (const _ of [1, 2]) await (await ask(ways["what happens once"])).text();
    expect(asked.map((text) => /connection: (\S+)/i.exec(text)?.[1])).toEqual(["close", "close"]);
    answer = (socket) => socket.resetAndDestroy();
    for (const way of [ways["what happens once"], ways["a delivery"]]) await expect(ask(way)).rejects.toThrow();
    expect(asked).toHaveLength(4);
  });

  it("comes over a connection that is open where that is allowed", async () => {
    let connections = 0;
    server.on("connection", () => {
      connections += 1;
    });
    answer = (socket) => socket.write(full);
    for (const _ of [1, 2, 3]) await (await ask(ways["a delivery"])).text();
    expect(connections).toBeLessThanOrEqual(1);
  });

  it("is given with all that was sent: several headers of a name, and what the URL says of who asks", async () => {
    answer = (socket) =>
      socket.write("HTTP/1.1 302 X\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n");
    const response = await send(url.replace("//", "//me:a%20b@"), {
      method: "GET",
      signal: AbortSignal.timeout(2_000),
      policy: "any",
    });
    expect([response.headers.getSetCookie(), response.headers.get("location")]).toEqual([["a=1", "b=2"], "/x"]);
    expect(asked[0]).toMatch(/authorization: Basic bWU6YSBi\r\n/i);
  });

  it("is not waited for longer than the signal says, though no connection comes about", async () => {
    const lookup = (() => undefined) as unknown as NonNullable<Parameters<typeof createOutboundFetch>[0]>["lookup"];
    const stuck = createOutboundFetch({ ...(lookup && { lookup }) });
    for (const way of Object.values(ways)) {
      const asking = stuck("http://sso.test/", { ...way, signal: AbortSignal.timeout(50), policy: "any" });
      await expect(asking).rejects.toMatchObject({ name: "TimeoutError" });
    }
  });
});
