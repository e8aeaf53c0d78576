import { afterEach, describe, expect, it } from "vitest";
import { createHasher, type Hasher, type HasherConfig } from "../../../src/lib/hashing/hasher.ts";
import { HashingOverloaded } from "../../../src/lib/hashing/queue.ts";

const cheap: HasherConfig = {
  algorithm: "argon2",
  argon2: { memory: 1_024, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 },
  bcrypt: { cost: 4 },
  concurrency: 2,
  queue: 1_000,
  max_cost: { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 },
};
const open: Hasher[] = [];
const create = (config: HasherConfig, options: Parameters<typeof createHasher>[1]) => {
  const hasher = createHasher(config, options);
  open.push(hasher);
  return hasher;
};
afterEach(() => {
  for (const hasher of open.splice(0)) hasher.close();
});

describe("the process that hashes", () => {
  it("that cannot be started refuses what waits, says so, and is there again as soon as it can be", async () => {
    let executable = "/nowhere/node";
    const crashes: object[] = [];
    const log = { warn: (data: object) => void crashes.push(data) };
    const hasher = create(cheap, { executable: () => executable, log });
    for (const _ of [1, 2]) {
      const asked = Array.from({ length: 6 }, () => hasher.hash("x"));
      expect(await Promise.allSettled(asked)).toEqual(
        Array.from({ length: 6 }, () => ({ status: "rejected", reason: expect.any(HashingOverloaded) })),
      );
      expect(hasher.problem()).toContain("ENOENT");
      expect(hasher.stats()).toMatchObject({ running: 0, waiting: 0 });
    }
    expect(crashes.length).toBeGreaterThan(1);
    executable = process.execPath;
    expect(await hasher.hash("x")).toMatch(/^\$argon2id/);
    expect(hasher.problem()).toBeUndefined();
  });

  it("that could not be started is tried again, though nobody asks", async () => {
    let executable = "/nowhere/node";
    const hasher = create(cheap, { executable: () => executable });
    await expect(hasher.hash("x")).rejects.toBeInstanceOf(HashingOverloaded);
    executable = process.execPath;
    await expect.poll(() => hasher.problem(), { timeout: 10_000 }).toBeUndefined();
    expect(await hasher.hash("x")).toMatch(/^\$argon2id/);
  });

  it("that cannot even be asked for refuses what waits", async () => {
    const hasher = create(cheap, {
      executable: () => {
        throw Object.assign(new Error("no memory"), { code: "ENOMEM" });
      },
    });
    await expect(hasher.verify("x", undefined)).rejects.toBeInstanceOf(HashingOverloaded);
    expect(hasher.problem()).toContain("ENOMEM");
  });
});
