import { expect, test } from "vitest";
import { namesOneHost } from "../../../src/server/host.ts";

const request = (...pairs: readonly (readonly [string, string])[]) => ({
  headers: Object.fromEntries(pairs),
  rawHeaders: pairs.flat(),
});

test("a request over HTTP/2 names one host as well: what stands beside its authority is the same", () => {
  expect(namesOneHost(request([":authority", "a.example"]))).toBe(true);
  expect(namesOneHost(request([":authority", "a.example"], ["host", "A.example"]))).toBe(true);
  expect(namesOneHost(request([":authority", "a.example"], ["host", "b.example"]))).toBe(false);
  expect(namesOneHost(request(["host", "a.example"], ["x-host", "b.example"]))).toBe(true);
  expect(namesOneHost(request(["Host", "a.example"], ["hOst", "a.example"]))).toBe(false);
});
