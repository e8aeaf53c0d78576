import { afterAll, describe, expect, it } from "vitest";
import { createJsonnetEngine } from "../../../src/lib/jsonnet/engine.ts";
import { checkFunction, runFunction } from "../../../src/lib/jsonnet/run-function.ts";

const engine = createJsonnetEngine();
afterAll(() => engine.close());

describe("a program that is a function", () => {
  it("is called with what it is given", async () => {
    const source = "function(ctx) {\n  to: ctx.recipient,\n  [if 'code' in ctx then 'code']: ctx.code,\n}";
    expect(await runFunction(engine, source, { recipient: 'a"b', code: "123456" })).toEqual({
      kind: "value",
      json: expect.stringMatching(/^\{\s*"code": "123456",\s*"to": "a\\"b"\s*\}$/),
    });
  });

  it("may be named otherwise in its own text, and have locals before it", async () => {
    const source = "local greeting = 'hello';\nfunction(c) greeting + ' ' + c.name";
    expect(await runFunction(engine, source, { name: "Ann" })).toEqual({ kind: "value", json: '"hello Ann"' });
  });

  it("fails without a word of what it was given, with the line", async () => {
    const outcome = await runFunction(engine, "function(ctx)\n  error 'no ' + ctx.code", { code: "123456" });
    expect(outcome).toMatchObject({ kind: "error", explain: expect.stringContaining("line 2") });
    expect(JSON.stringify(outcome)).not.toContain("123456");
  });

  it("fails whole when it asks for what is not there", async () => {
    expect(await runFunction(engine, "function(ctx) { a: ctx.absent, b: 1 }", {})).toEqual({
      kind: "error",
      explain: "no such field: absent",
    });
  });

  it("is checked without being called", async () => {
    expect(await checkFunction(engine, "function(ctx) { a: ctx.absent }")).toBeUndefined();
    expect(await checkFunction(engine, "function(ctx) { a: }")).toContain("syntax error");
  });
});
