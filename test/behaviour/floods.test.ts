import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FloodAnswer, FloodRequest } from "../protocols/flood-sender.ts";
import { binaryFillings, encodings, fillings } from "../protocols/floods.ts";
import { send } from "../protocols/http.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Whatever somebody sends who has proved nothing: it costs no more than its
 * bytes. Asserted are the answer, how long the event loop stands still, and the
 * memory that is taken. The loop's pauses are counted in the processor time of
 * its thread, which is what its delay is on a machine that does nothing else;
 * memory that of its best try, for what came before leaves some to be collected.
 */

const longestPause = 20;
const mostMemory = 60;
const tries = 10;

/** A database that others keep busy too. */
const busy = 503;

const part = (name: string): string => `--b\r\ncontent-disposition:form-data;name="${name}"\r\n\r\n1\r\n`;

const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          "ory.sh/kratos": { credentials: { password: { identifier: true } } },
        },
        tags: { type: "array", items: { type: "string" } },
        unique: { type: "array", uniqueItems: true },
        any: {},
      },
    },
  },
};

let server: TestServer;
let sender: Worker;
let flow: string;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      identity: {
        default_schema_id: "free",
        schemas: [{ id: "free", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
      },
    },
  });
  sender = new Worker(new URL("../protocols/flood-sender.ts", import.meta.url));
  flow = await newFlow();
});
afterAll(async () => {
  await sender?.terminate();
  await server?.stop();
});

const newFlow = async (): Promise<string> =>
  String((await send(`${server.url}/self-service/registration/api`)).json.id);

const flood = async (request: Omit<FloodRequest, "url">): Promise<FloodAnswer> => {
  const answered = once(sender, "message");
  sender.postMessage({ url: server.url, ...request });
  const [answer] = await answered;
  return answer as FloodAnswer;
};

/** Watches the event loop: the most milliseconds that it worked without looking at its timers. */
const watchLoop = () => {
  let [most, last] = [0, process.threadCpuUsage()];
  const look = () => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    most = Math.max(most, (user + system) / 1000);
  };
  const timer = setInterval(look, 1);
  return {
    stop: () => {
      look();
      clearInterval(timer);
      return most;
    },
  };
};

/**
 * What a flood cost: the longest pause of the event loop in milliseconds, and MB at most above what was held before.
 * It is tried again while it costs more than is allowed.
 */
const costOf = async (request: Omit<FloodRequest, "url">, allowedPause = longestPause) => {
  let [pause, memory] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let statuses: readonly number[] = [];
  const isDone = () => pause < allowedPause && memory < mostMemory && !statuses.includes(busy);
  for (let round = 0; round < tries && !isDone(); round++) {
    const rest = process.memoryUsage.rss();
    let most = rest;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 10);
    const loop = watchLoop();
    ({ statuses } = await flood(request));
    pause = Math.min(pause, loop.stop());
    clearInterval(watch);
    memory = Math.min(memory, (most - rest) / 2 ** 20);
  }
  return { statuses, pause, memory };
};

const mustBeCheap = async (request: Omit<FloodRequest, "url">, allowed: readonly number[]) => {
  const { statuses, pause, memory } = await costOf(request);
  expect(allowed).toEqual(expect.arrayContaining([...new Set(statuses)]));
  expect(pause).toBeLessThan(longestPause);
  expect(memory).toBeLessThan(mostMemory);
};

/** Just what is taken, and as much as was once taken. */
const sizes = [60_000, 5_000_000] as const;

const updateFlow = "/ostiary.registration.v1.RegistrationService/UpdateFlow";
const rest = () => `/self-service/registration?flow=${flow}`;
const json = { accept: "application/json", "content-type": "application/json" };
const envelope = (message: Uint8Array, flags: number): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

describe("a body that nobody has to take costs no more than its bytes", () => {
  it.each(fillings)("over REST as JSON: $name", async ({ traits }) => {
    for (const size of sizes) {
      const body = Buffer.from(`{"method":"password","password":"x","traits":${traits(size)}}`);
      await mustBeCheap(
        { path: rest(), headers: { ...json, "content-length": String(body.length) }, body },
        [400, 413],
      );
    }
  });

  it.each([
    [
      "members",
      (size: number) => `method=password&${Array.from({ length: size / 10 }, (_, at) => `traits.a${at}=1`).join("&")}`,
    ],
    ["one name", (size: number) => `method=password&${"traits.tags=1&".repeat(size / 14)}`],
    ["a name of many steps", (size: number) => `method=password&traits${".a".repeat(size / 2)}=1`],
    ["letters in percent", (size: number) => `method=password&traits.email=${"%EF%B7%BA".repeat(size / 9)}`],
  ])("over REST as a form: %s", async (_, make) => {
    for (const size of sizes) {
      const body = Buffer.from(make(size));
      const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
      await mustBeCheap({ path: rest(), headers, body }, [400, 413]);
    }
  });

  it.each([
    ["parts", (size: number) => `${part("a").repeat(size / 50)}--b--\r\n`],
    [
      "different parts",
      (size: number) => `${Array.from({ length: size / 60 }, (_, at) => part(`traits.a${at}`)).join("")}--b--\r\n`,
    ],
    ["boundaries", (size: number) => `${"--b\r\n".repeat(size / 5)}--b--\r\n`],
    ["headers", (size: number) => `--b\r\n${"x:y\r\n".repeat(size / 5)}\r\n1\r\n--b--\r\n`],
  ])("over REST as multipart: %s", async (_, make) => {
    for (const size of sizes) {
      const body = Buffer.from(make(size));
      await mustBeCheap(
        {
          path: rest(),
          headers: { accept: "application/json", "content-type": "multipart/form-data; boundary=b" },
          body,
        },
        [400, 413],
      );
    }
  });

  describe.each(Object.entries(encodings))("compressed by %s", (encoding, compress) => {
    it.each(fillings)("over Connect as JSON: $name", async ({ traits }) => {
      for (const size of sizes) {
        const body = compress(
          Buffer.from(`{"flow":"${flow}","body":{"password":{"password":"x","traits":${traits(size)}}}}`),
        );
        await mustBeCheap({ path: updateFlow, headers: { ...json, "content-encoding": encoding }, body }, [400, 429]);
      }
    });

    it.each(binaryFillings)("over Connect, gRPC and gRPC-Web in binary: $name", async ({ make }) => {
      for (const size of sizes) {
        const message = make(flow, size);
        const packed = compress(Buffer.from(message));
        await mustBeCheap(
          {
            path: updateFlow,
            headers: { "content-type": "application/proto", "content-encoding": encoding },
            body: packed,
          },
          [400, 429],
        );
        const body = envelope(packed, encoding === "identity" ? 0 : 1);
        const headers = { "grpc-encoding": encoding, te: "trailers" };
        await mustBeCheap(
          { path: updateFlow, headers: { "content-type": "application/grpc", ...headers }, body, http2: true },
          [200],
        );
        await mustBeCheap(
          { path: updateFlow, headers: { "content-type": "application/grpc-web", ...headers }, body },
          [200],
        );
      }
    });
  });

  it("64 bytes that would be five megabytes are not inflated", async () => {
    const body = encodings.br(Buffer.from(`{"a":[${"[],".repeat(1_600_000)}[]]}`));
    expect(body.length).toBeLessThan(100);
    await mustBeCheap({ path: updateFlow, headers: { ...json, "content-encoding": "br" }, body, times: 8 }, [429]);
  });

  it.each(fillings)("and a form of it is read again as cheaply: $name", async ({ traits }) => {
    const id = await newFlow();
    const body = `{"method":"password","password":"x","traits":${traits(60_000)}}`;
    await send(`${server.url}/self-service/registration?flow=${id}`, { method: "POST", headers: json, body });
    const loop = watchLoop();
    const again = await send(`${server.url}/self-service/registration/flows?id=${id}`);
    expect(again.status).toBe(200);
    expect(loop.stop()).toBeLessThan(longestPause);
  });
});

describe("bodies that do not end", () => {
  it.each([
    ["application/json", 0],
    ["application/grpc", 5],
  ])("take no more than a network may have in flight: 200 on one connection of %s", async (type) => {
    const request = {
      path: updateFlow,
      headers: { "content-type": type },
      body: Buffer.alloc(60_000, 32),
      http2: true,
      times: 200,
      unfinished: 1_500,
    };
    // Two hundred requests at once keep the loop busy for longer than one.
    const { memory } = await costOf(request, Number.POSITIVE_INFINITY);
    expect(memory).toBeLessThan(mostMemory);
    await sleep(100);
    expect((await send(`${server.url}/self-service/registration/api`)).status).toBe(200);
  });
});
