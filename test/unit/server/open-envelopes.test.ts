import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { errorTable } from "../../../src/errors/table.ts";
import { openEnvelopes } from "../../../src/server/connect/open-envelopes.ts";
import { findStreamWire, findWire } from "../../../src/server/connect/wire.ts";
import { splitLines } from "../../../src/server/rest/split-lines.ts";

/* Messages in their envelopes, however the bytes come. */

const sealed = (data: Buffer, flags = 0): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
};

async function* inPieces(stream: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size);
}

const read = async (stream: Buffer, size: number, limit: number): Promise<(string | number)[]> => {
  const got: (string | number)[] = [];
  for await (const received of openEnvelopes(inPieces(stream, size), limit))
    got.push(received.kind === "message" ? received.message.data.toString() : received.kind);
  return got;
};

it.each([1, 2, 4, 5, 7, 64, 1_000])(
  "messages are the same in pieces of %i bytes, the large ones passed over",
  (size) => {
    const texts = ["one", "", "x".repeat(50), "y".repeat(101), "z".repeat(100), "w".repeat(400), "end"];
    const stream = Buffer.concat(texts.map((text) => sealed(Buffer.from(text))));
    return expect(read(stream, size, 100)).resolves.toEqual(
      texts.map((text) => (text.length > 100 ? "unusable" : text)),
    );
  },
);

it.each([
  ["in its head", sealed(Buffer.from("abc")).subarray(0, 3)],
  ["in its data", sealed(Buffer.from("abc")).subarray(0, 7)],
  ["in what is passed over", sealed(Buffer.alloc(300)).subarray(0, 200)],
  ["with flags that nobody knows", sealed(Buffer.from("abc"), 2)],
])("a stream that ends or is wrong %s is malformed", async (_, stream) => {
  for (const size of [1, 1_000])
    await expect(read(stream, size, 100)).rejects.toMatchObject({ row: errorTable.MALFORMED_BODY });
});

setFlagsFromString("--expose-gc");
const collect: NodeJS.GCFunction = runInNewContext("gc");
const megabyte = 1_000_000;
/** Collects until so many bytes are in use and no more, and gives how many are: what is garbage is freed by and by. */
const leastInUse = async (count: () => number, enough: number): Promise<number> => {
  for (let turn = 0; turn < 50; turn++) {
    collect({ type: "major" });
    if (count() <= enough) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return count();
};

it("nothing is held of a message that is passed over", async () => {
  let held = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    yield sealed(Buffer.alloc(0), 0).fill(0xff, 1);
    collect({ type: "major" });
    const count = () => process.memoryUsage().arrayBuffers;
    const before = count();
    for (let n = 0; n < 60; n++) yield Buffer.alloc(megabyte);
    held = (await leastInUse(count, before + 5 * megabyte)) - before;
  }
  const got: string[] = [];
  await expect(
    (async () => {
      for await (const { kind } of openEnvelopes(chunks(), 100)) got.push(kind);
    })(),
  ).rejects.toMatchObject({ row: errorTable.MALFORMED_BODY });
  expect(got).toEqual(["unusable"]);
  expect(held).toBeLessThan(10 * megabyte);
});

/** What is held of a message once all but its end has come in pieces of one byte, each in memory of its own. */
const heldOf = async (read: (chunks: AsyncIterable<Buffer>) => AsyncIterable<unknown>, stream: Buffer) => {
  let held = 0;
  const inUse = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  async function* chunks(): AsyncGenerator<Buffer> {
    collect({ type: "major" });
    const before = inUse();
    for (let at = 0; at < stream.length - 1; at++) yield Buffer.from(stream.subarray(at, at + 1));
    held = (await leastInUse(inUse, before + 5 * megabyte)) - before;
    yield stream.subarray(-1);
  }
  let count = 0;
  for await (const _ of read(chunks())) count += 1;
  return { held, count };
};

it("a message or line in pieces of one byte takes little more than its bytes", async () => {
  const data = Buffer.alloc(megabyte / 4, "x");
  const opened = await heldOf((chunks) => openEnvelopes(chunks, data.length), sealed(data));
  const split = await heldOf((chunks) => splitLines(chunks, data.length), Buffer.concat([data, Buffer.from("\n")]));
  expect([opened.count, split.count]).toEqual([1, 1]);
  expect(Math.max(opened.held, split.held)).toBeLessThan(8 * megabyte);
});

it.each([1, 2, 7, 1_000])("lines are the same in pieces of %i bytes, the large ones passed over", async (size) => {
  const texts = ["one", "", "x".repeat(50), "y".repeat(101), "z".repeat(100), "w".repeat(400), "end"];
  for (const last of ["", "\n"]) {
    const got: string[] = [];
    for await (const line of splitLines(inPieces(Buffer.from(texts.join("\n") + last), size), 100))
      got.push(line.kind === "message" ? line.message.toString() : line.kind);
    expect(got).toEqual(texts.map((text) => (text.length > 100 ? "unusable" : text)));
  }
});

it("names that every object has are no content types", () => {
  for (const name of ["constructor", "toString", "__proto__", "constructor; charset=utf-8"])
    expect([findWire(name), findStreamWire(name)]).toEqual([undefined, undefined]);
});
