import { expect, test } from "vitest";
import { createLog } from "../../../src/lib/log.ts";
import { describeError } from "../../../src/lib/log-error.ts";

const capture = (settings: { level: string; format: "json" | "text" }) => {
  const lines: string[] = [];
  return { log: createLog(settings, { write: (line) => lines.push(line) }), lines };
};

test("a line is one JSON object with a level, a time and its fields", () => {
  const { log, lines } = capture({ level: "info", format: "json" });
  log.info({ rpc: "x" }, "call");
  log.debug({ rpc: "y" }, "not shown");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    rpc: "x",
    msg: "call",
  });
});

test("the levels of the reference's configuration are known", () => {
  const { log, lines } = capture({ level: "warning", format: "json" });
  log.info({}, "no");
  log.warn({}, "yes");
  expect(lines).toHaveLength(1);
  for (const level of ["panic", "fatal", "error", "trace"]) capture({ level, format: "json" });
});

test("people may have text", () => {
  const { log, lines } = capture({ level: "info", format: "text" });
  log.info({ rpc: "a/B", note: "two words", n: 1 }, "call");
  log.error({ err: new TypeError("broken") }, "failed");
  expect(lines[0]).toMatch(/Z INFO {2}call rpc=a\/B note="two words" n=1\n$/);
  expect(lines[1]).toMatch(/ERROR failed error="TypeError: broken"\n +at /);
});

test("an error is shown without what it quotes", () => {
  expect(describeError(new Error("Data 'canary' and 'more canary' too long")).message).toBe("Data '…' too long");
  expect(describeError(new Error('cannot decode field x from JSON: "canary" "canary"')).message).toBe(
    'cannot decode field x from JSON: "…"',
  );
  let parse: unknown;
  try {
    JSON.parse('{"a":"canary"x}');
  } catch (error) {
    parse = error;
  }
  const shown = describeError(new Error("outer", { cause: Object.assign(parse as Error, { input: "canary" }) }));
  expect(shown.cause).toMatchObject({ type: "SyntaxError", message: "the text cannot be parsed" });
  expect(JSON.stringify(shown)).not.toContain("canary");
  expect(shown.stack).toMatch(/^\s+at /);
});

test("what is thrown and is no error is not shown at all", () => {
  expect(describeError("canary")).toEqual({ type: "string", message: "not an error" });
});
