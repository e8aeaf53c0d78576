import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createBreachCheck } from "../../../src/methods/password/breach.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const digest = createHash("sha1").update("correct horse").digest("hex").toUpperCase();
const [prefix, suffix] = [digest.slice(0, 5), digest.slice(5)];
const padding = Array.from(
  { length: 400 },
  (_, n) => `${createHash("sha1").update(`p${n}`).digest("hex").toUpperCase().slice(5)}:0`,
);

let seen: IncomingMessage[] = [];
let answer: Answer;
let now = 0;
const clock = { now: () => new Date(now) };
const server = createServer((request, response) => {
  seen.push(request);
  answer(request, response);
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen = [];
  now = 0;
  answer = (_, response) =>
    void response.end([...padding.slice(0, 200), `${suffix}:7`, ...padding.slice(200)].join("\r\n"));
});

const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const create = () => createBreachCheck({ host: base(), clock });
const text = (body: string) => {
  answer = (_, response) => void response.end(body);
};

describe("a breach check", () => {
  it("sends five characters of the digest, asks for padding, and finds the rest in the answer", async () => {
    expect(await create().count("correct horse")).toEqual({ kind: "count", count: 7 });
    expect(seen.map((r) => r.url)).toEqual([`/range/${prefix}`]);
    expect(seen[0]?.headers["add-padding"]).toBe("true");
    expect(JSON.stringify(seen[0]?.rawHeaders)).not.toContain(suffix.slice(0, 8));
  });

  it("may ask a mirror below a path", async () => {
    await createBreachCheck({ host: `${base()}/hibp/v2/`, clock }).count("correct horse");
    expect(seen[0]?.url).toBe(`/hibp/v2/range/${prefix}`);
  });

  it.each([
    ["not at all", padding.join("\r\n"), 0],
    ["only as padding", `${suffix}:0`, 0],
    ["without a count", `${padding[0]}\n${suffix}\n`, 1],
    ["with thousands", `${suffix}:1,234,567\r\n`, 1_234_567],
    ["in lower case", `${suffix.toLowerCase()}:3`, 3],
    ["with space around", `  ${suffix} \r\n${"0".repeat(35)}: 4\r\n`, 1],
    ["as a part of a longer one", `F${suffix}:9\n${suffix}F:9`, 0],
    ["in an empty answer", "", 0],
  ])("counts a password found %s", async (_, body, count) => {
    text(body);
    expect(await create().count("correct horse")).toEqual({ kind: "count", count });
  });

  it("reads an answer that comes in pieces", async () => {
    answer = async (_, response) => {
      for (const piece of [suffix.slice(0, 10), `${suffix.slice(10)}:1`, "2\r", `\n${padding[0]}`]) {
        response.write(piece);
        await sleep(10);
      }
      response.end();
    };
    expect(await create().count("correct horse")).toEqual({ kind: "count", count: 12 });
  });

  it("keeps a whole range for an hour", async () => {
    const check = create();
    await check.count("correct horse");
    now = 3_599_999;
    text("");
    expect(await check.count("correct horse")).toEqual({ kind: "count", count: 7 });
    expect(seen).toHaveLength(1);
    now = 3_600_000;
    expect(await check.count("correct horse")).toEqual({ kind: "count", count: 0 });
    expect(seen).toHaveLength(2);
  });

  it("keeps the ranges that were asked for last, and no more than it can hold", async () => {
    const check = create();
    text("");
    await check.count("correct horse");
    for (let n = 0; n < 127; n++) await check.count(`filler ${n}`);
    await check.count("correct horse");
    await check.count("one more");
    const before = seen.length;
    await check.count("correct horse");
    expect(seen.length).toBe(before);
    await check.count("filler 0");
    expect(seen.length).toBe(before + 1);
  });

  it("asks once when many ask the same at once", async () => {
    const check = create();
    const answers = await Promise.all(Array.from({ length: 20 }, () => check.count("correct horse")));
    expect(new Set(answers.map((a) => JSON.stringify(a)))).toEqual(new Set(['{"kind":"count","count":7}']));
    expect(seen).toHaveLength(1);
  });

  it("tries a second time", async () => {
    const good = answer;
    answer = (request, response) => {
      if (seen.length > 1) good(request, response);
      else request.socket.destroy();
    };
    expect(await create().count("correct horse")).toEqual({ kind: "count", count: 7 });
    expect(seen).toHaveLength(2);
  });

  it.each<[string, Answer, string]>([
    ["says it is broken", (_, response) => void response.writeHead(500).end("oops"), "status 500"],
    ["knows nothing", (_, response) => void response.writeHead(404).end(), "status 404"],
    ["limits us", (_, response) => void response.writeHead(429).end(), "status 429"],
    [
      "sends us elsewhere",
      (_, response) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
      "status 302",
    ],
    [
      "answers something else",
      (_, response) => void response.end("<html>captive portal</html>"),
      "the answer is not of the form SUFFIX:COUNT",
    ],
    [
      "counts in words",
      (_, response) => void response.end(`${suffix}:many`),
      "the answer is not of the form SUFFIX:COUNT",
    ],
    ["answers without end", (_, response) => endless(response), "the answer is too large"],
    [
      "breaks off",
      (_, response) => void response.writeHead(200, { "content-length": "9999" }).write("A", () => response.destroy()),
      "no connection",
    ],
  ])("says that it does not know when the service %s", async (_, broken, reason) => {
    answer = broken;
    const check = create();
    expect(await check.count("correct horse")).toEqual({ kind: "unavailable", reason });
    expect(seen).toHaveLength(2);
    text(`${suffix}:2`);
    expect(await check.count("correct horse")).toEqual({ kind: "count", count: 2 });
  });

  it.each<[string, Answer]>([
    ["never answers", () => undefined],
    ["never ends", (_, response) => void response.writeHead(200).write(`${suffix}:1\n`)],
  ])("does not wait for a service that %s", async (_, slow) => {
    answer = slow;
    const started = performance.now();
    expect(await create().count("correct horse")).toEqual({ kind: "unavailable", reason: "no answer in time" });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("says that it does not know when nobody is there", async () => {
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    expect(await createBreachCheck({ host: `http://127.0.0.1:${port}` }).count("x")).toEqual({
      kind: "unavailable",
      reason: "no connection",
    });
  });
});

const endless = (response: ServerResponse) => {
  const chunk = `${padding.join("\n")}\n`;
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
};
