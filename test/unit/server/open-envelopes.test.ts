import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, it, vi } from "vitest";
import { errorTable } from "../../../src/errors/table.ts";
import { openEnvelopes } from "../../../src/server/connect/open-envelopes.ts";
import { findStreamWire, findWire } from "../../../src/server/connect/wire.ts";

/* Messages in their envelopes, however the bytes come. */

afterEach(() => void vi.restoreAllMocks());

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

it("nothing is held of a message that is passed over", async () => {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  const megabyte = 1_000_000;
  let held = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    yield sealed(Buffer.alloc(0), 0).fill(0xff, 1);
    collect({ type: "major" });
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 60; n++) yield Buffer.alloc(megabyte);
    collect({ type: "major" });
    held = process.memoryUsage().arrayBuffers - before;
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

it("a message in pieces of one byte is put together once", async () => {
  const concat = vi.spyOn(Buffer, "concat");
  await read(sealed(Buffer.alloc(20_000)), 1, 20_000);
  const copied = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
  expect(copied).toBeLessThan(100_000);
});

it("names that every object has are no content types", () => {
  for (const name of ["constructor", "toString", "__proto__", "constructor; charset=utf-8"])
    expect([findWire(name), findStreamWire(name)]).toEqual([undefined, undefined]);
});
