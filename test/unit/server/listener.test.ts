import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "vitest";
import { createListener, type Listener, type ListenerTimeouts } from "../../../src/server/listener.ts";
import { readChunks } from "../../../src/server/read-chunks.ts";
import { certificate } from "./certificate.ts";

const usual: ListenerTimeouts = { header: 5_000, read: 5_000, write: 5_000, idle: 5_000 };

const open: Listener[] = [];
afterEach(async () => {
  for (const { server, drain } of open.splice(0)) {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      drain(0);
    });
  }
});

/** Answers with the version, the method and the size of the body. */
const echo: http.RequestListener = (request, response) => {
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
  });
  request.on("end", () => response.end(`${request.httpVersion} ${request.method} ${size}`));
};

const listen = async (options: Partial<Parameters<typeof createListener>[0]> = {}) => {
  const listener = createListener({ onRequest: echo, timeouts: usual, ...options });
  open.push(listener);
  await new Promise<void>((resolve) => listener.server.listen(0, "127.0.0.1", resolve));
  const { port } = listener.server.address() as AddressInfo;
  return { listener, port };
};

/** What a socket hears until the other side closes it. */
const heard = (socket: net.Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });

const byHttp1 = (port: number, body = "", secure = false): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(
      {
        port,
        host: "127.0.0.1",
        method: body ? "POST" : "GET",
        rejectUnauthorized: false,
        agent: false,
      } as https.RequestOptions,
      (response) => {
        response.setEncoding("utf8").on("data", resolve);
      },
    );
    request.on("error", reject).end(body);
  });

const byHttp2 = async (port: number, body = "", secure = false): Promise<string> => {
  const session = http2.connect(`${secure ? "https" : "http"}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  try {
    return await ask(session, body);
  } finally {
    session.close();
  }
};

const ask = (session: http2.ClientHttp2Session, body = ""): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    const stream = session.request({ ":method": body ? "POST" : "GET", ":path": "/" }, { endStream: body === "" });
    stream
      .setEncoding("utf8")
      .on("data", (chunk) => {
        text += chunk;
      })
      .on("end", () => resolve(text))
      .on("error", reject);
    if (body) stream.end(body);
  });

test("one port in the clear speaks HTTP/1.1 and HTTP/2", async () => {
  const { port } = await listen();
  const large = "x".repeat(300_000);
  expect(await byHttp1(port)).toBe("1.1 GET 0");
  expect(await byHttp2(port)).toBe("2.0 GET 0");
  expect(await byHttp1(port, large)).toBe("1.1 POST 300000");
  expect(await byHttp2(port, large)).toBe("2.0 POST 300000");
});

test("one port with a certificate speaks both as the handshake says", async () => {
  const { port } = await listen({ tls: certificate });
  expect(await byHttp1(port, "", true)).toBe("1.1 GET 0");
  expect(await byHttp2(port, "hello", true)).toBe("2.0 POST 5");
});

test("TLS older than 1.2 is refused", async () => {
  const { port } = await listen({ tls: certificate });
  const outcome = await new Promise((resolve) => {
    const socket = tls.connect(
      {
        port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
        ciphers: "DEFAULT@SECLEVEL=0",
      },
      () => resolve("connected"),
    );
    socket.on("error", () => resolve("refused"));
  });
  expect(outcome).toBe("refused");
});

test("the first bytes may come one by one", async () => {
  const { port } = await listen();
  const socket = net.connect(port, "127.0.0.1");
  const answer = heard(socket);
  for (const byte of "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n") {
    socket.write(byte);
    await sleep(1);
  }
  socket.write("ok");
  expect(await answer).toMatch(/^HTTP\/1.1 200 OK[\s\S]*1\.1 POST 2/);
});

test("an HTTP/2 preface in pieces is understood", async () => {
  const { port } = await listen();
  const socket = net.connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  for (const piece of ["P", "R", "I * HTTP/2.0\r\n\r\n", "SM\r\n\r\n"]) {
    socket.write(piece);
    await sleep(10);
  }
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  socket.write(emptySettings);
  // The type of its first frame: settings.
  expect((await answer)[3]).toBe(4);
  socket.destroy();
});

test("nonsense gets 400 and a closed connection", async () => {
  const { port } = await listen();
  const socket = net.connect(port, "127.0.0.1");
  const answer = heard(socket);
  socket.write("\x16\x03\x01\x02\x00 nonsense\r\n\r\n");
  expect(await answer).toMatch(/^HTTP\/1.1 400/);
});

test("a client that says nothing is dropped", async () => {
  const { port } = await listen({ timeouts: { ...usual, header: 200 } });
  const begun = performance.now();
  expect(await heard(net.connect(port, "127.0.0.1"))).toBe("");
  expect(performance.now() - begun).toBeLessThan(5_000);
  const started = net.connect(port, "127.0.0.1");
  started.write("PR");
  expect(await heard(started)).toBe("");
});

test("a header and a body must be in within their time", async () => {
  const { port } = await listen({ timeouts: { ...usual, header: 200, read: 300 } });
  const slowHeader = net.connect(port, "127.0.0.1");
  slowHeader.write("GET / HTTP/1.1\r\nHost: x\r\n");
  const slowBody = net.connect(port, "127.0.0.1");
  slowBody.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  expect(await heard(slowHeader)).toMatch(/^HTTP\/1.1 408/);
  expect(await heard(slowBody)).toMatch(/^HTTP\/1.1 408/);
});

test("a body over HTTP/2 must be in within its time, whatever it says it is", async () => {
  const { port } = await listen({ timeouts: { ...usual, header: 200, read: 300 } });
  const types = ["application/json", "application/grpc", "application/connect+proto"];
  const cut = types.map(async (type) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":method": "POST", ":path": "/", "content-type": type });
    stream.write("ab");
    await new Promise((resolve) => stream.on("error", () => undefined).on("close", resolve));
    session.destroy();
    return [type, stream.rstCode];
  });
  expect(await Promise.all(cut)).toEqual(types.map((type) => [type, http2.constants.NGHTTP2_CANCEL]));
});

/** Reads piece by piece, and says how many there were. */
const pieces: http.RequestListener = async (request, response) => {
  let count = 0;
  try {
    for await (const _ of readChunks(request)) count += 1;
    response.end(`${count} pieces`);
  } catch {
    response.destroy();
  }
};

test("where a body is timed by its pieces it may take as long as they come in time", async () => {
  const { port } = await listen({ timeouts: { ...usual, read: 1_000 }, onRequest: pieces });
  const sendSlowly = async (write: (text: string) => void, times: number): Promise<void> => {
    for (let sent = 0; sent < times; sent++) {
      write("x");
      await sleep(400);
    }
  };
  const [steady, stalled] = [net.connect(port, "127.0.0.1"), net.connect(port, "127.0.0.1")];
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const [flowing, dry] = [1, 2].map(() => session.request({ ":method": "POST", ":path": "/" }));
  const closed = new Promise((resolve) => dry?.on("error", () => undefined).on("close", () => resolve(dry.rstCode)));
  let said = "";
  flowing?.on("data", (chunk: Buffer) => {
    said += String(chunk);
  });
  const header = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\n";
  for (const socket of [steady, stalled]) socket.write(header);
  const answers = [heard(steady), heard(stalled)];
  stalled.write("x");
  dry?.write("x");
  await Promise.all([
    sendSlowly((text) => steady.write(text), 6),
    sendSlowly((text) => flowing?.write(text), 6).then(() => flowing?.end()),
  ]);
  expect(await answers[0]).toContain("6 pieces");
  expect(await answers[1]).toMatch(/^HTTP\/1.1 408/);
  expect(await closed).toBe(http2.constants.NGHTTP2_CANCEL);
  await expect.poll(() => said).toBe("6 pieces");
  session.destroy();
});

test("an HTTP/2 connection ends when it has been idle, but not under a call", async () => {
  const { port } = await listen({
    timeouts: { ...usual, idle: 200 },
    onRequest: (_request, response) => void sleep(700).then(() => response.end("late")),
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const closed = new Promise((resolve) => session.on("close", resolve));
  expect(await ask(session)).toBe("late");
  await closed;
});

test("an HTTP/2 connection that has ended stays in memory no longer, though it would not be idle yet", async () => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const sessions: WeakRef<object>[] = [];
  const { port } = await listen({
    timeouts: { ...usual, idle: 60_000 },
    onRequest: (request, response) => {
      const { session } = (request as unknown as http2.Http2ServerRequest).stream;
      if (session !== undefined) sessions.push(new WeakRef(session));
      response.end("heard");
    },
  });
  expect(await byHttp2(port)).toBe("heard");
  expect(sessions).toHaveLength(1);
  await expect
    .poll(() => {
      collect({ type: "major" });
      return sessions[0]?.deref() === undefined;
    })
    .toBe(true);
});

test("a client that opens streams only to cancel them is cut off", async () => {
  const { port } = await listen();
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const closed = new Promise((resolve) => session.on("close", () => resolve("closed")).on("error", () => undefined));
  let begun = 0;
  const flood = setInterval(() => {
    for (let i = 0; i < 100 && !session.closed && !session.destroyed; i += 1) {
      const stream = session.request({ ":path": "/" });
      stream.on("error", () => undefined);
      stream.close(http2.constants.NGHTTP2_CANCEL);
      begun += 1;
    }
  }, 1);
  expect(await Promise.race([closed, sleep(10_000, "still open")])).toBe("closed");
  clearInterval(flood);
  expect(begun).toBeLessThan(5_000);
});

test("a drain lets calls in flight finish, closes what is idle, and takes nothing new", async () => {
  let begun = 0;
  const { listener, port } = await listen({
    onRequest: (_request, response) => {
      begun += 1;
      void sleep(400).then(() => response.end("finished"));
    },
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const agent = new http.Agent({ keepAlive: true });
  const overHttp1 = new Promise((resolve, reject) => {
    http
      .get({ port, host: "127.0.0.1", agent }, (response) => response.setEncoding("utf8").on("data", resolve))
      .on("error", reject);
  });
  const overHttp2 = ask(session);
  const idle = heard(net.connect(port, "127.0.0.1"));
  while (begun < 2) await sleep(5);
  const closed = new Promise((resolve) => listener.server.close(resolve));
  listener.drain(5_000);
  // On the connection that is open already, before its client hears that it will close: not begun, so that it may
  // be sent elsewhere.
  const late = ask(session).catch((error: Error) => error.message);
  await expect(byHttp1(port)).rejects.toThrow("ECONNREFUSED");
  expect(await Promise.all([overHttp1, overHttp2, idle])).toEqual(["finished", "finished", ""]);
  expect(await late).toMatch("NGHTTP2_REFUSED_STREAM");
  expect(begun).toBe(2);
  await closed;
  open.length = 0;
});

test("a request that began before a drain is answered with Connection: close, however slow its body is", async () => {
  const { listener, port } = await listen();
  const request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789";
  const begin = (bytes: number) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(request.slice(0, bytes));
    return { answer: heard(socket), finish: () => socket.write(request.slice(bytes)) };
  };
  const begun = [1, 3, 20, request.length - 10, request.length - 3].map(begin);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const goaway = new Promise((resolve) => session.once("goaway", (code) => resolve(code)));
  const stream = session.request({ ":method": "POST", ":path": "/" });
  stream.write("01234");
  let overHttp2 = "";
  stream.on("data", (chunk: Buffer) => {
    overHttp2 += chunk.toString();
  });
  const ended = new Promise((resolve) => stream.on("close", resolve));
  await sleep(200);
  const closed = new Promise((resolve) => listener.server.close(resolve));
  listener.drain(5_000);
  expect(await goaway).toBe(0);
  await sleep(1_200);
  for (const { finish } of begun) finish();
  stream.end("56789");
  for (const { answer } of begun)
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n[\s\S]*1\.1 POST 10/i);
  await ended;
  expect(overHttp2).toBe("2.0 POST 10");
  await closed;
  open.length = 0;
});

test("a client that does not read its answer over HTTP/2 is cut as well when the budget is spent", async () => {
  const { listener, port } = await listen();
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/" });
  await new Promise((resolve) => stream.once("response", resolve));
  session.on("error", () => undefined);
  stream.on("error", () => undefined);
  const closed = new Promise((resolve) => listener.server.close(() => resolve("closed")));
  listener.drain(200);
  expect(await Promise.race([closed, sleep(3_000, "still open")])).toBe("closed");
  open.length = 0;
});

test("headers are taken up to what proxies let through, and above it there is an answer", async () => {
  const { port } = await listen();
  const ask = async (bytes: number) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=${"x".repeat(bytes)}\r\n\r\n`);
    return heard(socket);
  };
  for (const bytes of [16_400, 33_000, 65_000]) expect(await ask(bytes)).toMatch(/^HTTP\/1\.1 200 OK/);
  const [head = "", body = ""] = (await ask(70_000)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\nContent-Type: application\/json/);
  expect(JSON.parse(body)).toMatchObject({ error: { code: 431, status: "Request Header Fields Too Large" } });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/", cookie: `a=${"x".repeat(33_000)}` });
  expect(await new Promise((resolve) => stream.on("response", (headers) => resolve(headers[":status"])))).toBe(200);
  session.close();
});

test("what is still open when the budget is spent is cut", async () => {
  let begun = 0;
  const { listener, port } = await listen({
    onRequest: () => {
      begun += 1;
    },
  });
  const overHttp1 = byHttp1(port).then(String, () => "cut");
  const overHttp2 = byHttp2(port).then(
    () => "ended",
    () => "cut",
  );
  while (begun < 2) await sleep(5);
  const closed = new Promise((resolve) => listener.server.close(resolve));
  listener.drain(300);
  expect(await overHttp1).toBe("cut");
  await overHttp2;
  await closed;
  open.length = 0;
});
