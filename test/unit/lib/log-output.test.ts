import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const source = path.resolve(import.meta.dirname, "../../../src/lib/log.ts");

/** Starts a process that logs by `statements`, and ends when its input does. */
const start = (statements: string) => {
  const program = `
    import { createLog } from ${JSON.stringify(source)};
    const log = createLog({ level: "info", format: "json" });
    process.stdin.resume();
    ${statements}`;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["pipe", "pipe", "inherit"] });
};

const messagesOf = (lines: string): string[] =>
  lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).msg);

test("lines are written in their order, those of a process that ends as well", async () => {
  const child = start(`for (let i = 0; i < 500; i++) log.info({}, "line " + i); process.exit(0);`);
  expect(messagesOf(await text(child.stdout))).toEqual(Array.from({ length: 500 }, (_, i) => `line ${i}`));
});

test("a line that nothing follows is written as well", async () => {
  const child = start(`setTimeout(() => log.info({}, "alone"), 100);`);
  const [written] = await once(child.stdout, "data");
  expect(messagesOf(String(written))).toEqual(["alone"]);
  child.stdin.end();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("lines of one moment are written together", async () => {
  const child = start(`setTimeout(() => { for (let i = 0; i < 9; i++) log.info({}, "line " + i); }, 100);`);
  const [written] = await once(child.stdout, "data");
  expect(messagesOf(String(written))).toHaveLength(9);
  child.stdin.end();
  await once(child, "exit");
});

test("a warning waits for nothing: it is written although the process is busy from then on and killed", async () => {
  const child = start(`
    log.info({}, "before");
    setTimeout(() => {
      log.warn({}, "the last one");
      setImmediate(() => { for (;;); });
    }, 100);`);
  let written = "";
  for await (const chunk of child.stdout) {
    written += chunk;
    if (written.includes("the last one")) child.kill("SIGKILL");
  }
  expect(messagesOf(written)).toEqual(["before", "the last one"]);
});

test("a reader that goes away ends nothing", async () => {
  const child = start(`setInterval(() => log.info({}, "again"), 5); setTimeout(() => process.exit(3), 400);`);
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await once(child, "exit")).toEqual([3, null]);
});
