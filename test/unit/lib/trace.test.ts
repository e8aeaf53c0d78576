import { expect, test } from "vitest";
import { outgoingHeaders, readTraceparent } from "../../../src/lib/trace.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";

test("a trace that follows the rules is taken up", () => {
  expect(readTraceparent(`00-${traceId}-${parentId}-01`)).toEqual({ traceId, parentId });
  expect(readTraceparent(`42-${traceId}-${parentId}-01-more`)).toEqual({ traceId, parentId });
});

test.each([
  undefined,
  "",
  "canary",
  `00-${traceId.toUpperCase()}-${parentId}-01`,
  `00-${"0".repeat(32)}-${parentId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `ff-${traceId}-${parentId}-01`,
  `00-${traceId}-${parentId}-01-more`,
  `00-${traceId}-${parentId}`,
  `42-${traceId}-${parentId}-01-${"x".repeat(600)}`,
])("a trace that breaks them is not: %s", (header) => {
  expect(readTraceparent(header)).toBeUndefined();
});

test("what is sent on a call's behalf belongs to its trace", () => {
  const traceparent = `00-${traceId}-${parentId}-01`;
  const requestId = "r-1";
  expect(outgoingHeaders({ requestId, headers: { traceparent, tracestate: "a=1" } })).toEqual({
    "x-request-id": "r-1",
    traceparent,
    tracestate: "a=1",
  });
  expect(outgoingHeaders({ requestId, headers: { traceparent, tracestate: "a\u0000" } })).toEqual({
    "x-request-id": "r-1",
    traceparent,
  });
  expect(outgoingHeaders({ requestId, headers: { traceparent: "canary", tracestate: "a=1" } })).toEqual({
    "x-request-id": "r-1",
  });
});
