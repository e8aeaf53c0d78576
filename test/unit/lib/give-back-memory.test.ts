import { expect, it, vi } from "vitest";
import { giveBackMemory } from "../../../src/lib/give-back-memory.ts";

const MB = 1024 * 1024;

it("what load has used up is given back once the process rests", async () => {
  const end = giveBackMemory(50);
  try {
    const atRest = process.memoryUsage.rss();
    let load: Buffer[] | undefined = Array.from({ length: 100 }, () => Buffer.alloc(2 * MB, 1));
    const loaded = process.memoryUsage.rss();
    expect(loaded - atRest).toBeGreaterThan(100 * MB);
    expect(load).toHaveLength(100);
    load = undefined;
    await vi.waitFor(() => expect(process.memoryUsage.rss()).toBeLessThan(loaded - 100 * MB), { timeout: 45_000 });
  } finally {
    end();
  }
});

it("memory of which nobody can say how much is used is looked at again later", async () => {
  const end = giveBackMemory(5);
  const asked = vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  });
  try {
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(1), { timeout: 10_000 });
  } finally {
    end();
    asked.mockRestore();
  }
});
