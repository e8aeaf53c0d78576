import { expect, it } from "vitest";
import { createJsonnetEngine } from "../../../src/lib/jsonnet/engine.ts";

it("a thread for programs that cannot be started is an error of each that waits, and holds up nobody", async () => {
  // What cannot be given to a thread fails as a system does that has none to give.
  const outputLimit = Symbol("no number") as unknown as number;
  const engine = createJsonnetEngine({ outputLimit });
  const job = { program: "1", input: {} } as unknown as Parameters<typeof engine.run>[0];
  const answers = await Promise.all([engine.run(job), engine.run(job), engine.run(job)]);
  const explain = "the thread for programs could not be started";
  expect(answers).toEqual(answers.map(() => ({ kind: "error", explain, transient: true })));
  await engine.close();
});
